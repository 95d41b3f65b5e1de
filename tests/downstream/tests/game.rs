//! A small GAN by a divergence that fenchel does not know.

use downstream::divergence::MyHellinger;
use fenchel::autodiff::{Gradients, Params, Tape, value_and_grad};
use fenchel::distribution::{Gaussian, SampleRows};
use fenchel::divergence::{Game, LogRatio, Objective, Variational};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::nn::{Dense, Layer, Tanh, evaluate};
use fenchel::optim::{Adam, Average, Schedule};
use fenchel::rand::SeedableRng;
use fenchel::rand::rngs::Xoshiro256PlusPlus;

/// Trains y = w z + b on z of N(0, 1) against N(1.5, 0.5²), and returns the mean |b| and deviation |w| of what it generates.
fn train<C: Variational<Critic = LogRatio>, G: Objective<Critic = LogRatio>>(
    game: Game<C, G>,
    seed: u64,
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    const STEPS: u64 = 2000;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (data, noise) = (
        Gaussian::new(DVector::from_vec(vec![1.5]), DMatrix::from_element(1, 1, 0.25))?,
        Gaussian::<f64>::standard(1)?,
    );
    let (generator, critic) = (Dense(1), (Dense(16), Tanh, Dense(1)));
    let (width, mut g) = generator.init(&mut rng, 1)?;
    let (_, mut d) = critic.init(&mut rng, width)?;
    let falling = |initial| Schedule::Cosine { initial, last: 0.0, steps: STEPS };
    let mut g_adam = Adam::new(falling(5e-3))?.with_betas(0.5, 0.9)?;
    let mut d_adam = Adam::new(falling(2e-2))?.with_betas(0.5, 0.9)?;
    let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
    let mut average = Average::new(0.99, g.clone())?;
    for _ in 0..STEPS {
        let (x, z) = (data.sample_rows(128, &mut rng)?, noise.sample_rows(128, &mut rng)?);
        let y = evaluate(&generator, &mut tape, &g, &z)?;
        value_and_grad(&mut tape, &d, &mut gradients, |t, d| {
            game.critic_loss(critic.apply(t, d, t.var(&x)), critic.apply(t, d, t.var(&y)))
        })?;
        d_adam.update(&mut d, &gradients)?;
        value_and_grad(&mut tape, &g, &mut gradients, |t, g| {
            game.generator_loss(critic.apply(t, &d.lift(t), generator.apply(t, g, t.var(&z))))
        })?;
        g_adam.update(&mut g, &gradients)?;
        average.update(&g)?;
    }
    let g = average.into_params();
    Ok((g.bias[0], g.weight[0].abs()))
}

#[test]
fn a_generator_lands_on_the_data_under_my_divergence() {
    // The optimum is exact: N(1.5, 0.5²) is in the family. What is left is the noise of the game: a critic tells a shift from chance by its
    // last few batches, so by 0.5/√128 = 0.04 for one; twice that for the mean and for the deviation.
    for seed in 1..=3 {
        let (mean, deviation) = train(Game::minimax(MyHellinger), seed).unwrap();
        assert!((mean - 1.5).abs() <= 0.08, "seed {seed}: mean {mean}");
        assert!((deviation - 0.5).abs() <= 0.08, "seed {seed}: deviation {deviation}");
    }
}

#[test]
fn a_generator_lands_on_the_data_by_the_non_saturating_step_too() {
    let (mean, deviation) = train(Game::non_saturating(MyHellinger), 1).unwrap();
    assert!((mean - 1.5).abs() <= 0.08, "mean {mean}"); // as above
    assert!((deviation - 0.5).abs() <= 0.08, "deviation {deviation}");
}
