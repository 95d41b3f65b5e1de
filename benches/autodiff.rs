//! The matrix products of a critic's step beside nalgebra's, what moves numbers beside a copy, and the step beside one written by hand: `cargo bench --bench autodiff`.

#![allow(clippy::unwrap_used)] // of constants

use std::fmt;

use divan::Bencher;
use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::divergence::{ForwardKl, Game};
use fenchel::nalgebra::{DMatrix, convert};
use fenchel::nn::{AffineParams, Dense, Layer, LeakyRelu};
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use fenchel::{Real, SampleReal};

fn main() {
    divan::main();
}

fn filled<T: Real>(rows: usize, columns: usize) -> DMatrix<T> {
    DMatrix::from_fn(rows, columns, |i, j| convert(((i * 7 + j * 3) % 11) as f64 / 11.0 - 0.4))
}

/// Products of the shapes of a step with 64 rows, sixteen at a time.
///
/// On the tape that is: clearing it, recording both factors once, and sixteen products, each with a node and a matrix of its own. nalgebra writes sixteen
/// times into the same matrix; what is transposed is transposed into a buffer every time, and multiplied by `gemm`, which beats its `gemm_tr` by far. Items are
/// multiplications, with an addition each.
mod product {
    use super::*;
    use divan::counter::ItemsCount;

    const TIMES: usize = 16;

    #[derive(Clone, Copy)]
    enum Kind {
        /// A B, an output.
        Plain,
        /// Aᵀ B, the gradient of a weight.
        LeftTransposed,
        /// A Bᵀ, the gradient of an input.
        RightTransposed,
    }
    use Kind::{LeftTransposed, Plain, RightTransposed};

    /// A kind, with the shapes of A and B.
    #[derive(Clone, Copy)]
    struct Shape(Kind, (usize, usize), (usize, usize));

    const SHAPES: [Shape; 5] = [
        Shape(Plain, (64, 32), (32, 32)),
        Shape(LeftTransposed, (64, 32), (64, 32)),
        Shape(RightTransposed, (64, 32), (32, 32)),
        Shape(Plain, (64, 2), (2, 32)),
        Shape(Plain, (64, 32), (32, 1)),
    ];

    impl Shape {
        /// That of the product.
        fn out(self) -> (usize, usize) {
            let Self(kind, a, b) = self;
            match kind {
                Plain => (a.0, b.1),
                LeftTransposed => (a.1, b.1),
                RightTransposed => (a.0, b.0),
            }
        }

        fn multiplications(self) -> ItemsCount {
            let Self(kind, a, _) = self;
            let terms = if matches!(kind, LeftTransposed) { a.0 } else { a.1 };
            ItemsCount::new(TIMES * self.out().0 * self.out().1 * terms)
        }
    }

    impl fmt::Display for Shape {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let Self(kind, a, b) = self;
            let mark = |transposed| if transposed { "ᵀ" } else { "" };
            let left = mark(matches!(kind, LeftTransposed));
            write!(f, "{}x{}{left} {}x{}{}", a.0, a.1, b.0, b.1, mark(matches!(kind, RightTransposed)))
        }
    }

    #[divan::bench(types = [f32, f64], args = SHAPES)]
    fn on_the_tape<T: Real>(bencher: Bencher, shape: Shape) {
        let Shape(kind, a, b) = shape;
        let (a, b, mut tape) = (filled::<T>(a.0, a.1), filled(b.0, b.1), Tape::new());
        bencher.counter(shape.multiplications()).bench_local(|| {
            tape.clear();
            let (a, b) = (tape.var(&a), tape.var(&b));
            for _ in 0..TIMES {
                divan::black_box(match kind {
                    Plain => a * b,
                    LeftTransposed => a.tr_mul(b),
                    RightTransposed => a.mul_tr(b),
                });
            }
        });
    }

    #[divan::bench(types = [f32, f64], args = SHAPES)]
    fn nalgebra_gemm<T: Real>(bencher: Bencher, shape: Shape) {
        let Shape(kind, a, b) = shape;
        let (a, b) = (filled::<T>(a.0, a.1), filled::<T>(b.0, b.1));
        let (mut left, mut right) = (a.transpose(), b.transpose());
        let mut c = DMatrix::zeros(shape.out().0, shape.out().1);
        bencher.counter(shape.multiplications()).bench_local(|| {
            for _ in 0..TIMES {
                let (a, b) = match kind {
                    Plain => (&a, &b),
                    LeftTransposed => {
                        a.transpose_to(&mut left);
                        (&left, &b)
                    }
                    RightTransposed => {
                        b.transpose_to(&mut right);
                        (&a, &right)
                    }
                };
                c.gemm(T::one(), a, b, T::zero());
                divan::black_box(&c);
            }
        });
    }

    #[divan::bench(types = [f32, f64], args = [SHAPES[1]])]
    fn nalgebra_gemm_tr<T: Real>(bencher: Bencher, shape: Shape) {
        let Shape(_, a, b) = shape;
        let (a, b) = (filled::<T>(a.0, a.1), filled::<T>(b.0, b.1));
        let mut c = DMatrix::zeros(shape.out().0, shape.out().1);
        bencher.counter(shape.multiplications()).bench_local(|| {
            for _ in 0..TIMES {
                c.gemm_tr(T::one(), &a, &b, T::zero());
                divan::black_box(&c);
            }
        });
    }
}

/// What moves numbers, fills matrices and sums along rows, beside a copy of as many: most should cost about as much. Items are entries, with the variable put
/// on the tape first.
mod moving {
    use super::*;
    use divan::counter::ItemsCount;
    use fenchel::autodiff::Var;

    const ROWS: usize = 1024;
    const COLUMNS: usize = 64;

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Fill,
        RepeatRows,
        SumColumns,
        ConcatColumns,
        Columns,
        Transpose,
        LnSumExp,
        LnSoftmax,
    }
    const STEPS: [Step; 8] = [
        Step::Fill,
        Step::RepeatRows,
        Step::SumColumns,
        Step::ConcatColumns,
        Step::Columns,
        Step::Transpose,
        Step::LnSumExp,
        Step::LnSoftmax,
    ];

    impl Step {
        fn of<T: Real>(self, x: Var<'_, T>) -> Var<'_, T> {
            match self {
                Step::Fill => x.tape().scalar(T::one()).fill(ROWS, COLUMNS),
                Step::RepeatRows => x.sum_rows().repeat_rows(ROWS),
                Step::SumColumns => x.sum_columns(),
                Step::ConcatColumns => x.tape().concat_columns(&[x, x]),
                Step::Columns => x.columns(0, COLUMNS / 2),
                Step::Transpose => x.transpose(),
                Step::LnSumExp => x.ln_sum_exp(),
                Step::LnSoftmax => x.ln_softmax(),
            }
        }
    }

    #[divan::bench(types = [f32, f64], args = STEPS)]
    fn on_the_tape<T: Real>(bencher: Bencher, step: Step) {
        let (x, mut tape) = (filled::<T>(ROWS, COLUMNS), Tape::new());
        bencher.counter(ItemsCount::new(ROWS * COLUMNS)).bench_local(|| {
            tape.clear();
            divan::black_box(step.of(tape.var(&x)));
        });
    }

    #[divan::bench(types = [f32, f64])]
    fn a_copy<T: Real>(bencher: Bencher) {
        let (x, mut copy) = (filled::<T>(ROWS, COLUMNS), filled::<T>(ROWS, COLUMNS));
        bencher.counter(ItemsCount::new(ROWS * COLUMNS)).bench_local(|| {
            copy.copy_from(&x);
            divan::black_box(&copy);
        });
    }
}

/// Loss and gradient of a critic 2-32-32-1 with leaky ReLU, for forward KL, on a batch of data and one of samples.
mod critic {
    use super::*;

    const WIDTH: usize = 32;

    type Critic = (Dense, LeakyRelu, Dense, LeakyRelu, Dense);
    const CRITIC: Critic = (Dense(WIDTH), LeakyRelu, Dense(WIDTH), LeakyRelu, Dense(1));
    type Params<T> = <Critic as Layer<T>>::Params;

    fn params<T: SampleReal>() -> Params<T> {
        CRITIC.init(&mut Xoshiro256PlusPlus::seed_from_u64(1), 2).unwrap().1
    }

    fn rows<T: Real>(batch: usize) -> [DMatrix<T>; 2] {
        [filled(batch, 2), filled(batch, 2) * convert::<_, T>(0.7)]
    }

    fn taped<T: Real>(
        tape: &mut Tape<T>,
        params: &Params<T>,
        gradients: &mut Gradients<T>,
        [x, y]: &[DMatrix<T>; 2],
    ) -> T {
        let loss = value_and_grad(tape, params, gradients, |t, p| {
            Game::minimax(ForwardKl).critic_loss(CRITIC.apply(t, p, t.var(x)), CRITIC.apply(t, p, t.var(y)))
        });
        loss.unwrap()
    }

    #[divan::bench(types = [f32, f64], args = [64, 256], sample_count = 1000)]
    fn on_the_tape<T: SampleReal>(bencher: Bencher, batch: usize) {
        let (params, rows) = (params(), rows::<T>(batch));
        let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
        bencher.bench_local(|| taped(&mut tape, &params, &mut gradients, &rows));
    }

    /// The baseline: the same by nalgebra's products, into buffers that are kept.
    #[divan::bench(types = [f32, f64], args = [64, 256], sample_count = 1000)]
    fn by_hand<T: SampleReal>(bencher: Bencher, batch: usize) {
        let (params, rows) = (params(), rows::<T>(batch));
        let mut hand = Backpropagation::new(batch);
        let (mut gradients, value) = (Gradients::new(), hand.value_and_grad(&params, &rows));
        let expected = taped(&mut Tape::new(), &params, &mut gradients, &rows);
        // An entry is a sum over two batches, of terms less than 2 / batch in size, behind sums of 2, 32 and 32 terms, forward and back: in another order
        // it is off by so many roundings of 2 at most.
        let tolerance = convert::<_, T>(2.0 * (2 * batch + 2 * 66) as f64) * T::default_epsilon();
        assert!((value - expected).abs() <= tolerance, "a loss of {value}, {expected} on the tape");
        for (leaf, (by_hand, on_the_tape)) in hand.gradients.iter().zip(gradients.leaves()).enumerate() {
            let apart = (by_hand - on_the_tape).amax();
            assert!(apart <= tolerance, "the gradient of leaf {leaf} is {apart} off");
        }
        bencher.bench_local(|| hand.value_and_grad(&params, &rows));
    }

    struct Backpropagation<T> {
        /// The outputs of the layers, after their activation.
        outputs: [DMatrix<T>; 3],
        /// What the loss changes by, per unit of what goes into the activation.
        adjoints: [DMatrix<T>; 3],
        /// The transposes of the second and third weight.
        weights: [DMatrix<T>; 2],
        /// That of the second layer's input: `gemm` after that is faster than `gemm_tr`, for a square of products, though not for a line or two.
        input: DMatrix<T>,
        ones: DMatrix<T>,
        /// In the order of the tape: weight, bias, weight, bias, weight, bias.
        gradients: [DMatrix<T>; 6],
    }

    impl<T: Real> Backpropagation<T> {
        fn new(batch: usize) -> Self {
            let activations = || [WIDTH, WIDTH, 1].map(|width| DMatrix::zeros(batch, width));
            let leaves = [(2, WIDTH), (1, WIDTH), (WIDTH, WIDTH), (1, WIDTH), (WIDTH, 1), (1, 1)];
            Self {
                outputs: activations(),
                adjoints: activations(),
                weights: [DMatrix::zeros(WIDTH, WIDTH), DMatrix::zeros(1, WIDTH)],
                input: DMatrix::zeros(WIDTH, batch),
                ones: DMatrix::from_element(batch, 1, T::one()),
                gradients: leaves.map(|(rows, columns)| DMatrix::zeros(rows, columns)),
            }
        }

        /// E (eᵛ − 1) on samples − E v on data, and its gradient.
        fn value_and_grad(&mut self, params: &Params<T>, [data, samples]: &[DMatrix<T>; 2]) -> T {
            let (first, (), second, (), third) = params;
            let [to_second, to_third] = &mut self.weights;
            second.weight.transpose_to(to_second);
            third.weight.transpose_to(to_third);
            let layers = [first, second, third];
            let n = convert::<_, T>(data.nrows() as f64);
            self.gradients.iter_mut().for_each(|gradient| gradient.fill(T::zero()));
            let on_data = self.add(layers, data, |v| (-v / n, -T::one() / n));
            on_data + self.add(layers, samples, |v| ((v.exp() - T::one()) / n, v.exp() / n))
        }

        /// The sum of a loss of the outputs, whose gradient is added; `term` gives that of an output, and its slope.
        fn add(&mut self, layers: [&AffineParams<DMatrix<T>>; 3], x: &DMatrix<T>, term: impl Fn(T) -> (T, T)) -> T {
            let [h1, h2, v] = &mut self.outputs;
            forward(x, layers[0], h1);
            leaky_relu(h1);
            forward(h1, layers[1], h2);
            leaky_relu(h2);
            forward(h2, layers[2], v);

            let [d1, d2, dv] = &mut self.adjoints;
            let mut loss = T::zero();
            for (adjoint, &v) in dv.iter_mut().zip(v.iter()) {
                let (value, slope) = term(v);
                loss += value;
                *adjoint = slope;
            }
            let [to_second, to_third] = &self.weights;
            d2.gemm(T::one(), dv, to_third, T::zero());
            leaky_relu_back(h2, d2);
            d1.gemm(T::one(), d2, to_second, T::zero());
            leaky_relu_back(h1, d1);

            let [w1, b1, w2, b2, w3, b3] = &mut self.gradients;
            w1.gemm_tr(T::one(), x, d1, T::one());
            h1.transpose_to(&mut self.input);
            w2.gemm(T::one(), &self.input, d2, T::one());
            w3.gemm_tr(T::one(), h2, dv, T::one());
            for (bias, adjoint) in [(b1, d1), (b2, d2), (b3, dv)] {
                bias.gemm_tr(T::one(), &self.ones, adjoint, T::one());
            }
            loss
        }
    }

    /// x W + b.
    fn forward<T: Real>(x: &DMatrix<T>, layer: &AffineParams<DMatrix<T>>, out: &mut DMatrix<T>) {
        for (mut column, &bias) in out.column_iter_mut().zip(layer.bias.iter()) {
            column.fill(bias);
        }
        out.gemm(T::one(), x, &layer.weight, T::one());
    }

    fn leaky_relu<T: Real>(x: &mut DMatrix<T>) {
        let slope: T = convert(0.01);
        x.as_mut_slice().iter_mut().for_each(|x| *x = if *x > T::zero() { *x } else { slope * *x });
    }

    /// By the outputs, which have the signs of the inputs.
    fn leaky_relu_back<T: Real>(outputs: &DMatrix<T>, adjoints: &mut DMatrix<T>) {
        let slope: T = convert(0.01);
        for (adjoint, &output) in adjoints.as_mut_slice().iter_mut().zip(outputs.as_slice()) {
            *adjoint = if output > T::zero() { *adjoint } else { slope * *adjoint };
        }
    }
}
