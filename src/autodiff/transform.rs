//! From recorded computations to derivatives.

use nalgebra::DMatrix;

use super::graph::{Origin, Walk};
use super::params::Gradients;
use super::{Params, Path, Tape, TapeError, Var, rules};
use crate::real::{Real, reshape, to_f64};

impl<T: Real> Tape<T> {
    /// The gradients of the 1 × 1 variable `y` with respect to `wrt`, as variables on the same tape.
    ///
    /// A variable on which `y` does not depend has the gradient 0. Costs about three times the recorded computation, and
    /// only nodes between `wrt` and `y` are visited. The adjoint of a slice of columns is as large as what it is sliced from.
    pub fn grad<'t, const N: usize>(&'t self, y: Var<'t, T>, wrt: [Var<'t, T>; N]) -> [Var<'t, T>; N] {
        let (rows, columns) = y.shape();
        if self.check().is_ok() && (rows, columns) != (1, 1) {
            self.fail(TapeError::NotScalar { rows, columns });
        }
        self.vjp(y, self.scalar(T::one()), wrt)
    }

    /// The products of `cotangent`, which has the shape of `y`, with the Jacobians of `y` with respect to `wrt`.
    ///
    /// ```
    /// use fenchel::{Tape, nalgebra::DMatrix};
    ///
    /// # fn main() -> Result<(), fenchel::TapeError> {
    /// let tape = Tape::new();
    /// let x = tape.var(&DMatrix::from_row_slice(1, 2, &[1.0, 2.0]));
    /// let u = tape.var(&DMatrix::from_row_slice(1, 2, &[10.0, 1.0]));
    /// let [product] = tape.vjp(x.square(), u, [x]);
    /// assert_eq!(product.to_matrix()?, DMatrix::from_row_slice(1, 2, &[20.0, 4.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn vjp<'t, const N: usize>(
        &'t self,
        y: Var<'t, T>,
        cotangent: Var<'t, T>,
        wrt: [Var<'t, T>; N],
    ) -> [Var<'t, T>; N] {
        let mut products = wrt;
        self.vjp_mut(y, cotangent, &mut products);
        products
    }

    /// [`vjp`](Self::vjp) for a number of variables known at run time: overwrites each with its product.
    pub fn vjp_mut<'t>(&'t self, y: Var<'t, T>, cotangent: Var<'t, T>, wrt: &mut [Var<'t, T>]) {
        if !(y.is_on(self) && cotangent.is_on(self) && wrt.iter().all(|x| x.is_on(self))) {
            self.fail(TapeError::MixedTapes);
        }
        if self.check().is_ok() && cotangent.shape() != y.shape() {
            self.fail(TapeError::ShapeMismatch { op: "vjp", left: y.shape(), right: cotangent.shape() });
        }
        if self.check().is_err() {
            wrt.fill(Var::failed(self));
            return;
        }
        let walk = self.walk(y, cotangent, wrt.iter().map(|x| x.index()));
        for x in wrt {
            *x = match walk.adjoint_of(x.index()) {
                Some(adjoint) => Var::new(self, adjoint),
                None => self.filled(x.shape().0, x.shape().1, T::zero()),
            };
        }
        self.return_walk(walk);
    }

    /// The product of the Jacobian of `y` with respect to `x` with `tangent`, which has the shape of `x`: how `y` changes as `x` moves along it.
    ///
    /// The product of a cotangent with the Jacobian is linear in the cotangent; this is the derivative of *that* product, so it needs no rules
    /// of its own. Costs two reverse passes, whatever the size of `y`.
    ///
    /// ```
    /// use fenchel::{Tape, nalgebra::DMatrix};
    ///
    /// # fn main() -> Result<(), fenchel::TapeError> {
    /// let tape = Tape::new();
    /// let x = tape.var(&DMatrix::from_row_slice(1, 2, &[1.0, 2.0]));
    /// let along = tape.var(&DMatrix::from_row_slice(1, 2, &[10.0, 1.0]));
    /// assert_eq!(tape.jvp(x.square(), x, along).to_matrix()?, DMatrix::from_row_slice(1, 2, &[20.0, 4.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn jvp<'t>(&'t self, y: Var<'t, T>, x: Var<'t, T>, tangent: Var<'t, T>) -> Var<'t, T> {
        let (rows, columns) = y.shape();
        let cotangent = self.filled(rows, columns, T::zero());
        let [product] = self.vjp(y, cotangent, [x]);
        let [product] = self.vjp(product, tangent, [cotangent]);
        product
    }

    /// The product of the Hessian of the 1 × 1 variable `y` with respect to `x` with `direction`, which has the shape of `x`. Costs about as much as
    /// two gradients, however large the Hessian.
    ///
    /// ```
    /// use fenchel::{Tape, nalgebra::DMatrix};
    ///
    /// # fn main() -> Result<(), fenchel::TapeError> {
    /// let tape = Tape::new();
    /// let x = tape.var(&DMatrix::from_row_slice(1, 2, &[1.0, 2.0]));
    /// let along = tape.var(&DMatrix::from_row_slice(1, 2, &[1.0, 0.0]));
    /// let y = x.square().sum().square(); // |x|⁴, with Hessian 4 |x|² I + 8 x xᵀ
    /// assert_eq!(tape.hvp(y, x, along).to_matrix()?, DMatrix::from_row_slice(1, 2, &[28.0, 16.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn hvp<'t>(&'t self, y: Var<'t, T>, x: Var<'t, T>, direction: Var<'t, T>) -> Var<'t, T> {
        let [gradient] = self.grad(y, [x]);
        let [product] = self.vjp(gradient, direction, [x]);
        product
    }

    /// The Jacobian of `y` with respect to `x`: a row for every entry of `y`, a column for every entry of `x`, both counted column after column.
    ///
    /// Costs a reverse pass for every entry of `y`: for small outputs. A variable like any other; that of a gradient is a Hessian.
    ///
    /// ```
    /// use fenchel::{Tape, nalgebra::DMatrix};
    ///
    /// # fn main() -> Result<(), fenchel::TapeError> {
    /// let tape = Tape::new();
    /// let x = tape.var(&DMatrix::from_row_slice(1, 2, &[1.0, 2.0]));
    /// let y = tape.concat_columns(&[x.square(), x.sum()]);
    /// let expected = DMatrix::from_row_slice(3, 2, &[2.0, 0.0, 0.0, 4.0, 1.0, 1.0]);
    /// assert_eq!(tape.jacobian(y, x).to_matrix()?, expected);
    /// # Ok(())
    /// # }
    /// ```
    pub fn jacobian<'t>(&'t self, y: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let ((rows, columns), inputs) = (y.shape(), x.shape().0 * x.shape().1);
        let gradients: Vec<_> = (0..rows * columns)
            .map(|entry| {
                let mut unit = DMatrix::zeros(rows, columns);
                unit[entry] = T::one();
                let [gradient] = self.vjp(y, self.var(&unit), [x]);
                gradient.reshape(inputs, 1)
            })
            .collect();
        if gradients.is_empty() {
            self.filled(0, inputs, T::zero())
        } else {
            self.concat_columns(&gradients).transpose()
        }
    }

    /// The adjoints of all nodes between `wrt` and `y`. Give them back with `return_walk`.
    fn walk(&self, y: Var<'_, T>, cotangent: Var<'_, T>, wrt: impl Iterator<Item = usize> + Clone) -> Walk {
        let mut walk = self.take_walk();
        let end = y.index() + 1;

        // Mark first what lies between the inputs asked for and y; nothing else is ever differentiated.
        walk.on_path.clear();
        walk.on_path.resize(end, false);
        for x in wrt.clone().filter(|&x| x < end) {
            walk.on_path[x] = true;
        }
        let start = wrt.min().unwrap_or(end);
        for index in start..end {
            walk.on_path[index] = walk.on_path[index] || self.any_parent(index, |parent| walk.on_path[parent]);
        }

        // Then walk down. A node without an adjoint has adjoint zero, which is never stored.
        walk.adjoint.clear();
        walk.adjoint.resize(end, None);
        walk.adjoint[y.index()] = Some(cotangent.index());
        let (order, before) = (self.origin(y.index()).order, self.set_origin(Origin::default()));
        for index in (start..end).rev() {
            let Some(adjoint) = walk.adjoint[index] else { continue };
            if !self.any_parent(index, |parent| walk.on_path[parent]) {
                continue; // an input asked for: what is below it is nobody's business
            }
            self.set_origin(self.origin(index).gradient(order));
            let (on_path, adjoints) = (&walk.on_path, &mut walk.adjoint);
            let emit = |parent: usize, more: Var<'_, T>| {
                if on_path[parent] {
                    let so_far = adjoints[parent];
                    adjoints[parent] = Some(so_far.map_or(more, |so_far| Var::new(self, so_far) + more).index());
                }
            };
            rules::adjoints(self, index, Var::new(self, adjoint), |parent| on_path[parent], emit);
        }
        self.set_origin(before);
        walk
    }
}

/// Evaluates a loss at `params` and writes its gradient, leaf by leaf, to `gradients`.
///
/// The tape is cleared, the parameters are put on it, and `loss` records its computation and returns the 1 × 1 result. Buffers
/// of the tape and of `gradients` are kept from call to call. In the place of the gradient of a [tracked](Path::tracked) leaf stands what it
/// is to become.
///
/// # Errors
///
/// The first failure on the tape (a shape mismatch, variables of two tapes), a result that is not 1 × 1, or a loss that is not finite;
/// `gradients` then holds no meaningful numbers, and the tape still holds what was computed: see [`Tape::first_non_finite`]. A finite loss can have a gradient that is not; an optimiser errs on it.
///
/// ```
/// use fenchel::autodiff::{Gradients, Tape, value_and_grad};
/// use fenchel::nalgebra::DMatrix;
///
/// # fn main() -> Result<(), fenchel::TapeError> {
/// let x = DMatrix::from_row_slice(1, 2, &[3.0, 4.0]);
/// let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
/// let value = value_and_grad(&mut tape, &x, &mut gradients, |_, x| x.square().sum())?;
/// assert_eq!(value, 25.0);
/// assert_eq!(gradients.leaves()[0], 2.0 * x);
/// # Ok(())
/// # }
/// ```
pub fn value_and_grad<T, P, F>(
    tape: &mut Tape<T>,
    params: &P,
    gradients: &mut Gradients<T>,
    loss: F,
) -> Result<T, TapeError>
where
    T: Real,
    P: Params<T>,
    F: for<'t> FnOnce(&'t Tape<T>, &P::Lifted<'t>) -> Var<'t, T>,
{
    tape.clear();
    let tape = &*tape;
    let lifted = params.lift(tape);
    tape.check()?;
    let mut leaves = 0;
    params.visit(&Path::root(), &mut |_, _| leaves += 1);
    if leaves != tape.len() {
        return Err(TapeError::LiftedLeaves { expected: leaves, found: tape.len() });
    }
    let y = loss(tape, &lifted);
    if !y.is_on(tape) {
        return Err(TapeError::MixedTapes);
    }
    let value = y.to_scalar()?;
    if !value.is_finite() {
        // The loss is a node like any other, so there is a first one. Infinities on the way to a NaN may be meant.
        let is_nan = value.partial_cmp(&value).is_none();
        let first = if is_nan { tape.first_nan() } else { tape.first_non_finite() };
        let (node, op) = first.map_or((y.index(), ""), |first| (first.node, first.op));
        return Err(TapeError::NonFiniteLoss { value: to_f64(value), node, op });
    }
    let walk = tape.walk(y, tape.scalar(T::one()), 0..leaves);
    let mut next = 0;
    let mut result = Ok(());
    gradients.resize(leaves);
    params.visit(&Path::root(), &mut |path, leaf| {
        let index = next;
        next += 1;
        let Some(gradient) = gradients.leaves_mut().get_mut(index) else {
            result = Err(TapeError::LiftedLeaves { expected: next, found: leaves });
            return;
        };
        let new = if path.is_tracked() {
            Some(tape.tracked(Var::new(tape, index)))
        } else {
            walk.adjoint_of(index).map(|adjoint| Var::new(tape, adjoint))
        };
        let copied = match new {
            Some(new) => new.copy_to(gradient),
            None => {
                reshape(gradient, leaf.nrows(), leaf.ncols());
                gradient.as_mut_slice().fill(T::zero());
                Ok(())
            }
        };
        result = result.and(copied);
    });
    tape.return_walk(walk);
    result.map(|()| value)
}
