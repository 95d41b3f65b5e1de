//! Table 3 of the f-GAN paper (Nowozin, Cseke and Tomioka 2016), reproduced: one Gaussian, trained from samples alone to be as close as possible
//! to a mixture of two, in the sense of one divergence after another; and beside each, the exact optimum.
//!
//! `cargo run --release --example fgan_table`, with `-- --help` for the options.
//!
//! P = 0.33 N(−1, 0.0625) + 0.67 N(2, 2), with variances; Q = N(μ, σ²) is an affine generator of one normal number. The critic has two
//! hidden layers of 64 tanh units, as in the paper. So is the step: one gradient for both players at once (its Algorithm 1). What
//! is not in the paper:
//!
//! * the numbers reported are those of the *mean* player of the second half of the way, while the rate falls along a cosine;
//! * the generator's noise is stratified: one draw from each of 128 equally likely slices of the normal law. It is our own noise, so this
//!   is fair. Without it, Pearson's weights p/q make the errors ten times as large; with it, a few draws do, and the time goes to data;
//! * the critic's bends begin all over the line rather than all at 0, or it is slow to learn the tails. Where Q has more tail than P, data
//!   are rare and weigh most for reverse KL and its kin: there lies what error remains;
//! * the first fifth of the way is a game of Jensen-Shannon, whatever comes after. From far off, the weights (q/p)² of Neyman's chi-square
//!   would end its game before it begins;
//! * Adam's β₂ is 0.995: after one such weight, 0.999 would hold the critic still for a thousand steps.

#![allow(clippy::print_stdout)] // it is a program

mod support;

use std::process::ExitCode;
use std::time::Instant;

use fenchel::SampleReal;
use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::distribution::{Gaussian, Mixture, SampleRows};
use fenchel::divergence::{
    Estimate, Game, JensenShannon, Log1pAbs, NameError, NamedSmooth, TotalVariation, Variational, variational,
};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, Network, Tanh, evaluate};
use fenchel::optim::{Adam, Average, Schedule};
use fenchel::rand::{RngExt, SeedableRng};
use indicatif::ProgressBar;
use statrs::distribution::{ContinuousCDF, Normal};

use support::fgan::arguments::Arguments;
use support::fgan::exact::{Minimum, data_law, exact, minima, model_law};
use support::fgan::report::{Paper, Row, Trained, tables, write_figure};
use support::workers::{self, Job};
use support::{Failure, Random};

/// How much of everything.
struct Budget {
    steps: u64,
    /// Draws of P in a step.
    data: usize,
    /// Draws of Q in a step.
    noise: usize,
    /// Blocks of fresh draws of either for the bound.
    blocks: usize,
}

const BLOCK: usize = 4096;

/// A divergence of the list: its name, itself, and what the paper has for it.
type Listed = (&'static str, Box<dyn Member>, Option<Paper>);

/// The divergences that are finite here, by their names in the crate, with what the paper has for them. Total variation and `log1p_abs` have critics of
/// their own kind; `t_power` is a multiple of `alpha`.
fn members() -> Result<Vec<Listed>, NameError> {
    let paper = |best: [f64; 3], trained: [f64; 3]| Some(Paper { best, trained });
    let smooth = [
        ("forward_kl", paper([0.2831, 1.0100, 1.8308], [0.2801, 1.0335, 1.8236])),
        ("reverse_kl", paper([0.2480, 1.5782, 1.6319], [0.2415, 1.5624, 1.6403])),
        ("jensen_shannon", paper([0.1280, 1.3070, 1.7542], [0.1226, 1.2854, 1.7659])),
        ("jeffreys", paper([0.5705, 1.3218, 1.7034], [0.5151, 1.2295, 1.8087])),
        ("pearson_chi2", paper([0.6457, 0.5737, 1.9274], [0.6379, 0.6157, 1.9031])),
        ("neyman_chi2", None),
        ("squared_hellinger", None),
        ("alpha(0.75)", None),
        ("alpha(-0.5)", None),
        ("weighted_jensen_shannon(0.3)", None),
        ("soft_forward_kl", None),
        ("soft_reverse_kl", None),
        ("arithmetic_geometric", None),
        ("triangular", None),
        ("modified_gan", None),
    ];
    let mut members: Vec<Listed> = Vec::new();
    for (name, paper) in smooth {
        members.push((name, Box::new(name.parse::<NamedSmooth>()?), paper));
    }
    members.push(("total_variation", Box::new(TotalVariation), None));
    members.push(("log1p_abs", Box::new(Log1pAbs), None));
    Ok(members)
}

/// A divergence, whatever its type.
trait Member: Sync {
    fn exact(&self, p: &Mixture<Gaussian<f64>>, q: &Gaussian<f64>) -> Result<f64, Failure>;
    fn minima(&self, p: &Mixture<Gaussian<f64>>) -> Result<Vec<Minimum>, Failure>;
    fn train(&self, budget: &Budget, rng: Random, bar: &ProgressBar) -> Result<Trained, Failure>;
}

impl<D: Variational + Sync> Member for D {
    fn exact(&self, p: &Mixture<Gaussian<f64>>, q: &Gaussian<f64>) -> Result<f64, Failure> {
        Ok(exact(self, p, q)?)
    }

    fn minima(&self, p: &Mixture<Gaussian<f64>>) -> Result<Vec<Minimum>, Failure> {
        minima(self, p)
    }

    fn train(&self, budget: &Budget, rng: Random, bar: &ProgressBar) -> Result<Trained, Failure> {
        train(*self, budget, rng, bar)
    }
}

/// Generator, critic, and what a step of theirs needs.
struct Players<G: Network<f32>, C: Network<f32>> {
    generator: G,
    critic: C,
    params: (G::Params, C::Params),
    adam: Adam<f32>,
    tape: Tape<f32>,
    gradients: Gradients<f32>,
}

impl<G: Network<f32>, C: Network<f32>> Players<G, C> {
    /// One step of both: on data `x`, from noise `z`.
    fn step<D: Variational>(&mut self, game: Game<D, D>, x: &DMatrix<f32>, z: &DMatrix<f32>) -> Result<(), Failure> {
        let Self { generator, critic, params, adam, tape, gradients } = self;
        value_and_grad(tape, params, gradients, |t, (g, d)| {
            let y = generator.apply(t, g, t.var(z));
            // What the critic descends, the generator climbs: its own loss, in a minimax game, is minus the critic's on samples.
            game.critic_loss(critic.apply(t, d, t.var(x)), critic.apply(t, d, y.reverse_gradient()))
        })?;
        Ok(adam.update(params, gradients)?)
    }
}

/// Trains a Gaussian to be close to P.
fn train<D: Variational>(
    divergence: D,
    budget: &Budget,
    mut rng: Random,
    bar: &ProgressBar,
) -> Result<Trained, Failure> {
    let (start, p) = (Instant::now(), data_law::<f32>()?);
    let (generator, critic) = ((Dense(1),), (Dense(64), Tanh, Dense(64), Tanh, Dense(1)));
    let (width, mut g) = Layer::<f32>::init(&generator, &mut rng, 1)?;
    let (_, mut d) = critic.init(&mut rng, width)?;
    // Q begins as the standard normal law, and the bends of the critic, at -bias/weight, all over the line.
    g.0.weight.fill(1.0);
    g.0.bias.fill(0.0);
    d.0.weight.apply(|weight| *weight = f32::standard_normal(&mut rng));
    d.0.bias.apply(|bias| *bias = 2.0 * f32::standard_normal(&mut rng));

    let adam = Adam::new(Schedule::Cosine { initial: 3e-3, last: 1.5e-5, steps: budget.steps })?;
    let (adam, tape, gradients) = (adam.with_betas(0.5, 0.995)?, Tape::new(), Gradients::new());
    let mut players = Players { generator, critic, params: (g, d), adam, tape, gradients };
    let mut mean = Average::mean(players.params.clone());
    let [mut x, mut z] = [budget.data, budget.noise].map(|rows| DMatrix::zeros(rows, 1));
    for step in 0..budget.steps {
        p.sample_rows_to(&mut rng, &mut x)?;
        stratified_normal(&mut rng, &mut z);
        let played = if step < budget.steps / 5 {
            players.step(Game::minimax(JensenShannon), &x, &z)
        } else {
            players.step(Game::minimax(divergence), &x, &z)
        };
        played.map_err(|error| format!("step {step}: {error}"))?;
        if step >= budget.steps / 2 {
            mean.update(&players.params)?;
        }
        bar.set_position(step);
    }
    players.params = mean.into_params();
    let weights = &players.params.0.0;
    let (mu, sigma) = (weights.bias[0].into(), weights.weight[0].abs().into());
    let bound = bound(&divergence, &mut players, &p, budget.blocks, &mut rng)?;
    Ok(Trained { mu, sigma, bound, seconds: start.elapsed().as_secs_f64() })
}

/// One normal draw from each of equally likely slices of the line, as many as there are rows.
fn stratified_normal(rng: &mut Random, batch: &mut DMatrix<f32>) {
    let (slices, normal) = (batch.nrows() as f64, Normal::standard());
    for (i, z) in batch.iter_mut().enumerate() {
        *z = normal.inverse_cdf((i as f64 + rng.random::<f64>()) / slices) as f32;
    }
}

/// The variational bound, from samples that nobody has seen.
fn bound<D: Variational, G: Network<f32>, C: Network<f32>>(
    divergence: &D,
    players: &mut Players<G, C>,
    p: &Mixture<Gaussian<f32>>,
    blocks: usize,
    rng: &mut Random,
) -> Result<Estimate, Failure> {
    let Players { generator, critic, params: (g, d), tape, .. } = players;
    let (noise, mut v_data, mut v_samples) = (Gaussian::standard(1)?, Vec::new(), Vec::new());
    for _ in 0..blocks {
        let y = evaluate(generator, tape, g, &noise.sample_rows(BLOCK, rng)?)?;
        v_samples.extend_from_slice(evaluate(critic, tape, d, &y)?.as_slice());
        v_data.extend_from_slice(evaluate(critic, tape, d, &p.sample_rows(BLOCK, rng)?)?.as_slice());
    }
    Ok(variational::bound(divergence, &v_data, &v_samples)?)
}

fn fgan_table(arguments: &Arguments, mut members: Vec<Listed>) -> Result<(), Failure> {
    arguments.check_writable()?;
    members.retain(|(name, ..)| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name));
    let budget = if arguments.quick {
        Budget { steps: 200, data: 96, noise: 32, blocks: 1 }
    } else {
        Budget { steps: 16_000, data: 384, noise: 128, blocks: 100 }
    };
    let (start, p) = (Instant::now(), data_law()?);

    let optima = members.iter().map(|(name, member, _)| {
        let p = &p;
        Job { name, steps: 1, cost: 1, work: Box::new(move |_: &ProgressBar| member.minima(p)) }
    });
    let optima = workers::run(optima.collect());
    let jobs = members.iter().flat_map(|(name, member, _)| {
        let (budget, seeds) = (&budget, arguments.seed..=arguments.seed + (arguments.seeds - 1));
        seeds.map(move |seed| {
            // The divergences share their draws, so that one run does not depend on which others there are.
            let work = move |bar: &ProgressBar| member.train(budget, Random::seed_from_u64(seed), bar);
            Job { name, steps: budget.steps, cost: 1, work: Box::new(work) }
        })
    });
    let mut trained = workers::run(jobs.collect()).into_iter();

    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for ((name, _, paper), (_, minima)) in members.iter().zip(optima) {
        let (mut runs, mut fail) = (Vec::new(), |failure| failures.push(format!("{name}: {failure}")));
        for (_, result) in trained.by_ref().take(arguments.seeds as usize) {
            let measured = result.and_then(|run| {
                let q = model_law(run.mu, run.sigma)?;
                let columns = members.iter().map(|(_, column, _)| column.exact(&p, &q)).collect::<Result<_, _>>()?;
                Ok((run, columns))
            });
            measured.map_or_else(&mut fail, |run| runs.push(run));
        }
        match minima {
            Ok(minima) if !runs.is_empty() => rows.push(Row { title: (*name).to_owned(), minima, runs, paper: *paper }),
            Ok(_) => {}
            Err(failure) => fail(failure),
        }
    }
    // What succeeded is reported whatever failed.
    let titles: Vec<_> = members.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let Budget { steps, data, noise, .. } = budget;
    let (draws_p, draws_q) = (steps * data as u64, steps * noise as u64);
    let text = tables(&titles, &rows)
        + &format!(
            "\n{} seeds from {} on; {steps} steps, in which {draws_p} draws of P and {draws_q} of Q\n",
            arguments.seeds, arguments.seed
        );
    std::fs::write(arguments.out.join("tables.md"), &text)?;
    write_figure(&rows, &p, &arguments.out.join("fits"))?;
    println!(
        "{text}\ntables and picture in {}; {:.1} s in all",
        arguments.out.display(),
        start.elapsed().as_secs_f64()
    );
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ").into()) }
}

fn main() -> ExitCode {
    let run = || {
        let members = members()?;
        let names: Vec<_> = members.iter().map(|(name, ..)| *name).collect();
        match Arguments::parse(&names)? {
            Some(arguments) => fgan_table(&arguments, members),
            None => Ok(()),
        }
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
