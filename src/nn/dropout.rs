//! Leaving entries out at random.

use rand::Rng;

use super::{Layer, LayerError, Mode, Rows, Signal, Width};
use crate::autodiff::{Tape, TapeError};
use crate::real::{Real, SampleReal, real};

/// In training, every entry is left out (0) with this probability, and divided by the probability of being kept otherwise; in use, nothing happens.
///
/// The mean of the output is the input, of finite numbers. The number in stax's `Dropout` is the probability of being **kept**.
/// Srivastava et al. (2014), *Dropout: a simple way to prevent neural networks from overfitting*.
///
/// ```
/// use fenchel::nn::{Dense, Dropout, Layer, Relu};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
/// use fenchel::{Tape, nalgebra::DMatrix};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let net = (Dense(32), Relu, Dropout { drop_probability: 0.2 }, Dense(1));
/// let (_, params) = net.init(&mut rng, 2)?;
/// let (tape, rows) = (Tape::new(), DMatrix::from_element(4, 2, 1.0));
/// let (params, x) = (fenchel::autodiff::Params::lift(&params, &tape), tape.var(&rows));
/// let in_training = net.apply_train(&tape, &params, x, &mut rng).to_matrix()?;
/// assert_ne!(in_training, net.apply(&tape, &params, x).to_matrix()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The probability that an entry is left out, in [0, 1).
    pub drop_probability: f64,
}

impl Dropout {
    fn check(&self) -> Result<(), TapeError> {
        let value = self.drop_probability;
        let wrong = TapeError::InvalidSetting { what: "the drop probability", value, range: "in [0, 1)" };
        if (0.0..1.0).contains(&value) { Ok(()) } else { Err(wrong) }
    }
}

impl<T: Real, P: Rows> Layer<T, P> for Dropout {
    type Out = P;
    type Params = ();

    fn init<R: Rng + ?Sized>(&self, _: &mut R, width: Width<P>) -> Result<(Width<P>, ()), LayerError>
    where
        T: SampleReal,
    {
        self.check().map(|()| (width, ())).map_err(|wrong| LayerError::refused(wrong.to_string()))
    }

    fn forward<'t>(&self, tape: &'t Tape<T>, (): &(), x: Signal<'t, T, P>, mode: &mut Mode<'_>) -> Signal<'t, T, P> {
        let Mode::Train(rng) = mode else { return x };
        let weight = real::<T>((1.0 - self.drop_probability).recip());
        P::map(x, |x| {
            if let Err(wrong) = self.check() {
                return tape.fail(wrong);
            }
            let (rows, columns) = x.shape();
            // Looked up, since nobody can guess which way a branch would go.
            let factors = [weight, T::zero()];
            let draw = |_, _| factors[usize::from(f64::standard_uniform(*rng) < self.drop_probability)];
            x.component_mul(tape.from_fn(rows, columns, draw))
        })
    }
}
