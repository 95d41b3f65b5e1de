//! Forward against reverse KL: what a generator does that cannot have both modes, depending on the divergence that it is told to minimise.
//!
//! `cargo run --release --example forward_vs_reverse`, with `-- --help` for the options.
//!
//! Data are a mixture of two Gaussians, weights 0.75 and 0.25. The runs:
//!
//! * `mle`: the likeliest Gaussian, which is the one of least forward KL;
//! * `forward_kl`, `reverse_kl`: minimax games; the generator is affine in Gaussian noise, so its law is a known Gaussian;
//! * `forward_kl_seed_generator`, `reverse_kl_seed_generator`: the same games with the generator of the blog post, a sigmoid of an affine map
//!   of uniform noise. It is unimodal, and bounded: P has mass where it has none, so KL(P‖Q) is infinite whatever the weights. Reverse KL has
//!   a second, worse minimum on the small mode, and from this generator's first weights some seeds lead there;
//! * `forward_kl_mlp`: a generator that can have two modes;
//! * `published_kl`, `published_reverse_kl`: the post's own two set-ups. Their generator steps are non-saturating, so they minimise
//!   other divergences than they are named after; and their critics end in a sigmoid, which cannot say p > q.

#![allow(clippy::print_stdout)] // it is a program

mod support;

use std::process::ExitCode;
use std::time::Instant;

use fenchel::SampleReal;
use fenchel::autodiff::{Gradients, Params, Tape, value_and_grad};
use fenchel::distribution::{AffineImage, Gaussian, SampleRows};
use fenchel::divergence::{ForwardKl, Game, Objective, ReverseKl, Tilt, Variational, variational};
use fenchel::estimate::FitMle;
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::nn::{AffineParams, Dense, Layer, LeakyRelu, Network, Rescale, Sigmoid, Tanh, evaluate};
use fenchel::optim::{Adam, Average, Schedule};
use fenchel::rand::{RngExt, SeedableRng};
use indicatif::ProgressBar;

use support::arguments::Arguments;
use support::data::Data;
use support::report::{Direction, Model, Picture, Summary, exact_kl, json, table, write_curves, write_overview};
use support::workers::{self, Job};
use support::{Failure, Random};

/// Fills a batch with noise.
type Noise = fn(&mut Random, &mut DMatrix<f32>);

const LATENT: usize = 10;

/// The generator of the post, for uniform noise.
const SEED_GENERATOR: (Dense, Sigmoid) = (Dense(2), Sigmoid);

/// A generator, a critic, and the game that they play.
struct Gan<G, C, A, B> {
    generator: G,
    critic: C,
    game: Game<A, B>,
    noise: Noise,
}

impl<G: Network<f32>, C: Network<f32>, A: Variational, B: Objective<Critic = A::Critic>> Gan<G, C, A, B> {
    /// Trains with two critic steps to one generator step, rates falling along a cosine, and returns the averaged generator. Every
    /// hundredth part of the way, `watch` sees the iteration, the averaged generator and the critic.
    fn train(
        &self,
        data: &Data,
        iterations: u64,
        rng: &mut Random,
        mut watch: impl FnMut(u64, &G::Params, &C::Params) -> Result<(), Failure>,
    ) -> Result<G::Params, Failure> {
        let Self { generator, critic, game, noise } = self;
        let (width, mut g) = generator.init(rng, LATENT)?;
        let (_, mut d) = critic.init(rng, width)?;
        let rate = |steps| Schedule::Cosine { initial: 1e-3, last: 1e-5, steps };
        let mut g_adam = Adam::new(rate(iterations))?.with_betas(0.5, 0.999)?;
        let mut d_adam = Adam::new(rate(2 * iterations))?.with_betas(0.5, 0.999)?;
        let mut average = Average::new(1.0 - 10.0 / iterations.max(10) as f64, g.clone())?; // of the last tenth or so

        let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
        let (mut x, mut z) = (DMatrix::zeros(256, width), DMatrix::zeros(256, LATENT));
        for iteration in 0..iterations {
            let mut step = || -> Result<(), Failure> {
                for _ in 0..2 {
                    data.batch_to(rng, &mut x);
                    noise(rng, &mut z);
                    let y = evaluate(generator, &mut tape, &g, &z)?;
                    value_and_grad(&mut tape, &d, &mut gradients, |t, d| {
                        game.critic_loss(critic.apply(t, d, t.var(&x)), critic.apply(t, d, t.var(&y)))
                    })?;
                    d_adam.update(&mut d, &gradients)?;
                }
                noise(rng, &mut z);
                value_and_grad(&mut tape, &g, &mut gradients, |t, g| {
                    game.generator_loss(critic.apply(t, &d.lift(t), generator.apply(t, g, t.var(&z))))
                })?;
                g_adam.update(&mut g, &gradients)?;
                Ok(average.update(&g)?)
            };
            step().map_err(|error| format!("iteration {iteration}: {error}"))?;
            if iteration % (iterations / 100).max(1) == 0 {
                watch(iteration, average.params(), &d)?;
            }
        }
        watch(iterations, average.params(), &d)?;
        Ok(average.into_params())
    }
}

/// The critic of the honest games: standardised input, linear head.
fn critic(data: &Data) -> impl Network<f32> + use<> {
    (data.standardise(), Dense(32), LeakyRelu, Dense(32), LeakyRelu, Dense(1))
}

/// A generator that is affine in Gaussian noise: its law is a Gaussian that we know.
fn affine<D: Variational>(run: Run<'_>, divergence: D, direction: Direction) -> Result<Model, Failure> {
    let (data, rescale) = (run.data, run.data.destandardise());
    let (generator, game) = ((Dense(2), rescale), Game::minimax(divergence));
    let gan = Gan { generator, critic: critic(data), game, noise: normal };
    run.honest(&gan, Some(direction), |(affine, ())| Some(law_of(affine, rescale, data)))
}

/// The generator of the post.
fn seed_generator<D: Variational>(run: Run<'_>, divergence: D) -> Result<Model, Failure> {
    let (generator, game) = (SEED_GENERATOR, Game::minimax(divergence));
    let gan = Gan { generator, critic: critic(run.data), game, noise: uniform };
    Ok(Model { bounded: true, ..run.honest(&gan, None, |_| None)? })
}

/// A generator that can have two modes.
fn mlp(run: Run<'_>) -> Result<Model, Failure> {
    let generator = (Dense(32), Tanh, Dense(32), Tanh, Dense(2), run.data.destandardise());
    let gan = Gan { generator, critic: critic(run.data), game: Game::minimax(ForwardKl), noise: normal };
    run.honest(&gan, None, |_| None)
}

/// The post's training: one critic step on data and one on samples, then a generator step with the label "real", 7000 times, batches of
/// 64. The critic ends in a sigmoid, which `head` reads as v.
fn train_as_published<D: Tilt>(
    divergence: D,
    head: Rescale,
    data: &Data,
    iterations: u64,
    rng: &mut Random,
    bar: &ProgressBar,
) -> Result<(AffineParams<DMatrix<f32>>, ()), Failure> {
    let game = Game::non_saturating(divergence);
    let generator = SEED_GENERATOR;
    let critic = (Dense(32), LeakyRelu, Dense(32), LeakyRelu, Dense(1), Sigmoid, head);
    let (width, mut g) = generator.init(rng, LATENT)?;
    let (_, mut d) = critic.init(rng, width)?;
    let (mut g_adam, mut d_adam) = (Adam::new(1e-4)?, Adam::new(5e-4)?);
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let (mut x, mut z) = (DMatrix::zeros(64, width), DMatrix::zeros(64, LATENT));
    for iteration in 0..iterations {
        let mut step = || -> Result<(), Failure> {
            data.batch_to(rng, &mut x);
            uniform(rng, &mut z);
            let y = evaluate(&generator, &mut tape, &g, &z)?;
            value_and_grad(&mut tape, &d, &mut gradients, |t, d| {
                -critic.apply(t, d, t.var(&x)).entrywise(|v| divergence.real(v)).mean()
            })?;
            d_adam.update(&mut d, &gradients)?;
            d_adam.set_steps(iteration); // the post hands JAX's Adam the same step number twice
            value_and_grad(&mut tape, &d, &mut gradients, |t, d| {
                critic.apply(t, d, t.var(&y)).entrywise(|v| divergence.fake(v)).mean()
            })?;
            d_adam.update(&mut d, &gradients)?;
            value_and_grad(&mut tape, &g, &mut gradients, |t, g| {
                game.generator_loss(critic.apply(t, &d.lift(t), generator.apply(t, g, t.var(&z))))
            })?;
            Ok(g_adam.update(&mut g, &gradients)?)
        };
        step().map_err(|error| format!("iteration {iteration}: {error}"))?;
        bar.set_position(iteration);
    }
    Ok(g)
}

fn normal(rng: &mut Random, batch: &mut DMatrix<f32>) {
    batch.apply(|z| *z = f32::standard_normal(rng));
}

fn uniform(rng: &mut Random, batch: &mut DMatrix<f32>) {
    batch.apply(|z| *z = rng.random());
}

/// The law of an affine generator of standard normal noise, in raw coordinates.
fn law_of(affine: &AffineParams<DMatrix<f32>>, rescale: Rescale, data: &Data) -> Result<Gaussian<f64>, Failure> {
    let noise = Gaussian::standard(affine.weight.nrows())?;
    let matrix = affine.weight.map(f64::from).transpose() * rescale.scale;
    let offset = DVector::from_iterator(2, affine.bias.iter().map(|&b| f64::from(b) * rescale.scale + rescale.shift));
    Ok(data.law_to_raw(&noise.affine_image(&matrix, &offset)?)?)
}

/// How much of everything.
struct Budget {
    iterations: u64,
    published_iterations: u64,
    rows: usize,
    watched_rows: usize,
}

/// What a run needs besides its networks.
struct Run<'a> {
    data: &'a Data,
    budget: &'a Budget,
    rng: Random,
    bar: &'a ProgressBar,
}

impl Run<'_> {
    /// Trains a game, watching it, and draws from the result. `law` tells the law of a generator, where it is known.
    fn honest<G: Network<f32>, C: Network<f32>, A: Variational, B: Objective<Critic = A::Critic>>(
        mut self,
        gan: &Gan<G, C, A, B>,
        objective: Option<Direction>,
        law: impl Fn(&G::Params) -> Option<Result<Gaussian<f64>, Failure>>,
    ) -> Result<Model, Failure> {
        let start = Instant::now();
        let (data, budget) = (self.data, self.budget);
        let mut watcher = self.rng.fork();
        let (mut tape, mut curves, mut critic_spread) = (Tape::new(), [Vec::new(), Vec::new()], 0.0);
        let watch = |iteration, g: &G::Params, d: &C::Params| {
            self.bar.set_position(iteration);
            let (mut x, mut z) = (DMatrix::zeros(budget.watched_rows, 2), DMatrix::zeros(budget.watched_rows, LATENT));
            data.batch_to(&mut watcher, &mut x);
            (gan.noise)(&mut watcher, &mut z);
            let y = evaluate(&gan.generator, &mut tape, g, &z)?;
            let v_data = evaluate(&gan.critic, &mut tape, d, &x)?;
            let v_samples = evaluate(&gan.critic, &mut tape, d, &y)?;
            let bound = variational::bound(&gan.game.critic, v_data.as_slice(), v_samples.as_slice())?;
            curves[0].push((iteration as f64, bound.mean));
            // A quadrature in the plane takes as long as a hundred steps: not every time.
            let exactly = curves[0].len() % 4 == 1;
            if let (true, Some(direction), Some(law)) = (exactly, objective, law(g)) {
                curves[1].push((iteration as f64, exact_kl(direction, &data.law, &law?)?));
            }
            critic_spread = v_data.variance().sqrt();
            Ok(())
        };
        let g = gan.train(data, budget.iterations, &mut self.rng, watch)?;
        if critic_spread < 1e-3 {
            return Err(format!("the critic is dead: its outputs on data spread by {critic_spread}").into());
        }
        let seconds = start.elapsed().as_secs_f64();
        let rows = self.draw(&gan.generator, &g, gan.noise)?;
        let law = law(&g).transpose()?;
        Ok(Model {
            minimises: format!("{:?}", gan.game.generator),
            objective,
            law,
            bounded: false,
            rows,
            curves,
            seconds,
        })
    }

    /// Trains as the post does.
    fn published<D: Tilt>(mut self, divergence: D, head: Rescale) -> Result<Model, Failure> {
        let start = Instant::now();
        let g =
            train_as_published(divergence, head, self.data, self.budget.published_iterations, &mut self.rng, self.bar)?;
        let seconds = start.elapsed().as_secs_f64();
        let rows = self.draw(&SEED_GENERATOR, &g, uniform)?;
        let minimises = format!("{:?}, clipped", divergence.tilt());
        Ok(Model { minimises, objective: None, law: None, bounded: true, rows, curves: Default::default(), seconds })
    }

    /// Draws from a generator, in raw coordinates.
    fn draw<G: Network<f32>>(&mut self, generator: &G, g: &G::Params, noise: Noise) -> Result<DMatrix<f64>, Failure> {
        let mut z = DMatrix::zeros(self.budget.rows, LATENT);
        noise(&mut self.rng, &mut z);
        Ok(self.data.to_raw(&evaluate(generator, &mut Tape::new(), g, &z)?))
    }

    /// The likeliest Gaussian.
    fn mle(mut self) -> Result<Model, Failure> {
        let start = Instant::now();
        let law = Gaussian::fit_mle(&self.data.raw)?;
        let seconds = start.elapsed().as_secs_f64();
        let rows = law.sample_rows(self.budget.rows, &mut self.rng)?;
        let (minimises, objective) = (format!("{ForwardKl:?}"), Some(Direction::Forward));
        Ok(Model { minimises, objective, law: Some(law), bounded: false, rows, curves: Default::default(), seconds })
    }
}

/// A run of the list: its name, the relative cost that orders the queue, and what it does.
type Listed = (&'static str, u64, fn(Run<'_>) -> Result<Model, Failure>);

const RUNS: [Listed; 8] = [
    ("mle", 0, |run| run.mle()),
    ("forward_kl", 2, |run| affine(run, ForwardKl, Direction::Forward)),
    ("reverse_kl", 2, |run| affine(run, ReverseKl, Direction::Reverse)),
    ("forward_kl_seed_generator", 3, |run| seed_generator(run, ForwardKl)),
    ("reverse_kl_seed_generator", 3, |run| seed_generator(run, ReverseKl)),
    ("forward_kl_mlp", 5, mlp),
    ("published_kl", 1, |run| run.published(ForwardKl, Rescale { scale: 1.0, shift: -1.0 })),
    ("published_reverse_kl", 1, |run| run.published(ReverseKl, Rescale { scale: -1.0, shift: 0.0 })),
];

fn forward_vs_reverse(arguments: &Arguments) -> Result<(), Failure> {
    arguments.check_writable()?;
    let budget = if arguments.quick {
        Budget { iterations: 300, published_iterations: 300, rows: 5_000, watched_rows: 1_000 }
    } else {
        Budget { iterations: 10_000, published_iterations: 7_000, rows: 100_000, watched_rows: 4_000 }
    };
    let start = Instant::now();
    let mut rng = Random::seed_from_u64(arguments.seed);
    let data = Data::of_the_post(if arguments.quick { 1_000 } else { 10_000 }, &mut rng)?;
    let jobs = RUNS.into_iter().map(|(name, cost, train)| {
        let (rng, data, budget) = (rng.fork(), &data, &budget);
        let work = move |bar: &ProgressBar| -> Result<_, Failure> {
            let model = train(Run { data, budget, rng, bar })?;
            let summary = Summary::new(name, &model, data)?;
            let picture = Picture::new(name, &model, data, arguments.quick)?;
            picture.write(&arguments.out.join(name))?;
            Ok((model, summary, picture))
        };
        let steps = if name.starts_with("published") { budget.published_iterations } else { budget.iterations };
        Job { name, steps, cost, work: Box::new(work) }
    });

    let (mut models, mut summaries, mut pictures, mut failures) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, result) in workers::run(jobs.collect()) {
        match result {
            Ok((model, summary, picture)) => {
                models.push((name, model));
                summaries.push(summary);
                pictures.push(picture);
            }
            Err(failure) => failures.push(format!("{name}: {failure}")),
        }
    }
    // What succeeded is reported whatever failed.
    println!("seed {}, lengths in raw coordinates, divergences in nats\n\n{}", arguments.seed, table(&summaries));
    if let Some(file) = &arguments.json {
        std::fs::write(file, json(arguments.seed, &summaries)? + "\n")?;
    }
    write_overview(&pictures, &arguments.out.join("overview"))?;
    write_curves(&models, &data, &arguments.out.join("training"))?;
    println!("pictures in {}; {:.1} s in all", arguments.out.display(), start.elapsed().as_secs_f64());
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ").into()) }
}

fn main() -> ExitCode {
    let run = || match Arguments::parse()? {
        Some(arguments) => forward_vs_reverse(&arguments),
        None => Ok(()),
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
