//! Jensen-Shannon, plain and weighted.

use super::midpoint::HALVES;
use super::{
    Conjugate, DivergenceError, FDivergence, LogRatio, Objective, Smooth, SoftReverseKl, Tilt, Tilted, Variational,
};
use crate::elementary::{Elementary, Interval};

/// KL(P‖M) + KL(Q‖M) with M = (P + Q)/2: **twice** the Jensen-Shannon divergence, as in the f-GAN paper.
///
/// f(u) = u ln u − (1 + u) ln((1 + u)/2).
///
/// * **Finite** whatever the laws: at most 2 ln 2. The root of half of it is a metric.
/// * Symmetric, and bounded in what missing mass costs: between well separated modes it **seeks**.
/// * The game of Goodfellow et al. (2014) is its [minimax game](super::Game::minimax), up to the constant 2 ln 2; their **non-saturating** step
///   minimises [`SoftReverseKl`] instead.
///
/// Lin (1991), *Divergence measures based on the Shannon entropy*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JensenShannon;

/// Half of it, as a member of the weighted family: where its formulas are.
const HALF: WeightedJensenShannon = WeightedJensenShannon { weight: 0.5, complement: 0.5 };

impl FDivergence for JensenShannon {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        HALF.value(v).scale(2.0)
    }

    fn at_zero(&self) -> f64 {
        2.0 * HALF.at_zero()
    }

    fn slope_at_infinity(&self) -> f64 {
        2.0 * HALF.slope_at_infinity()
    }

    fn swap(&self) -> Self {
        Self
    }
}

impl Objective for JensenShannon {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.ln_mix_exp(HALVES)
    }
}

impl Variational for JensenShannon {
    fn real<E: Elementary>(&self, v: E) -> E {
        -(-v).ln_mix_exp(HALVES)
    }
}

impl Smooth for JensenShannon {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.sigmoid()
    }
}

impl Conjugate for JensenShannon {
    /// −ln(2 − eᵗ) for t < ln 2.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        t.indicator(domain) - (-t.clamp(domain).exp_m1()).ln_1p()
    }
}

impl Tilt for JensenShannon {
    type Tilted = SoftReverseKl;

    fn tilt(&self) -> SoftReverseKl {
        SoftReverseKl
    }
}

/// π KL(P‖M) + (1 − π) KL(Q‖M) with M = π P + (1 − π) Q, for a weight π in (0, 1): the information that a draw of M gives about where it came from.
/// With π = ½ it is **half** of [`JensenShannon`].
///
/// f(u) = π u ln u − m ln m with m = 1 − π + π u.
///
/// * **Finite** whatever the laws: at most the entropy −π ln π − (1 − π) ln(1 − π).
/// * Divided by π(1 − π) it goes to [`ForwardKl`](super::ForwardKl) as π → 0 and to [`ReverseKl`](super::ReverseKl) as π → 1: the smaller π, the more it **covers**.
/// * Its **non-saturating** step minimises π/(1 − π) KL(M‖P) instead, a softened reverse KL.
///
/// Lin (1991), *Divergence measures based on the Shannon entropy*; as a GAN, Huszár (2015), *How (not) to train your generative model*.
#[derive(Clone, Copy, Debug)]
pub struct WeightedJensenShannon {
    weight: f64,
    /// 1 − π, kept so that exchanging twice is exact.
    complement: f64,
}

/// Of the same weight.
impl PartialEq for WeightedJensenShannon {
    fn eq(&self, other: &Self) -> bool {
        self.weight == other.weight
    }
}

impl WeightedJensenShannon {
    /// The member with P weighted by `weight`.
    ///
    /// # Errors
    ///
    /// A weight that is not strictly between 0 and 1, or so near to either that it or its complement is 0 in single precision.
    pub fn new(weight: f64) -> Result<Self, DivergenceError> {
        let complement = 1.0 - weight;
        let smallest = f64::from(f32::MIN_POSITIVE);
        if weight > smallest && complement > smallest {
            Ok(Self { weight, complement })
        } else {
            Err(DivergenceError::InvalidParameter {
                what: "the weight of P",
                value: weight,
                range: "inside (0, 1), by 2e-38 at least",
            })
        }
    }

    /// π.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// Those of Q and P in M.
    fn weights(&self) -> [f64; 2] {
        [self.complement, self.weight]
    }
}

impl FDivergence for WeightedJensenShannon {
    type Swapped = Self;

    /// m times the mean of f_KL(u/m) and f_KL(1/m), where f_KL(x) = x ln x − x + 1. Neither term is negative, so nothing cancels.
    fn value<E: Elementary>(&self, v: E) -> E {
        let (ln_u_over_m, ln_1_over_m) = (-(-v).ln_mix_exp(self.swap().weights()), -v.ln_mix_exp(self.weights()));
        let (data, model) = (ln_u_over_m.x_exp_m_exp_m1(), ln_1_over_m.x_exp_m_exp_m1());
        let m = v.exp().scale(self.weight).shift(self.complement); // not e^ln m, which would lose hundreds of units for large v
        m * (data.scale(self.weight) + model.scale(self.complement))
    }

    fn at_zero(&self) -> f64 {
        // Of a small weight the complement has few digits.
        let ln_complement = if self.weight < 0.5 { (-self.weight).ln_1p() } else { self.complement.ln() };
        -self.complement * ln_complement
    }

    fn slope_at_infinity(&self) -> f64 {
        self.swap().at_zero()
    }

    fn swap(&self) -> Self {
        Self { weight: self.complement, complement: self.weight }
    }
}

impl Objective for WeightedJensenShannon {
    type Critic = LogRatio;

    /// (1 − π) ln m.
    fn fake<E: Elementary>(&self, v: E) -> E {
        v.ln_mix_exp(self.weights()).scale(self.complement)
    }
}

impl Variational for WeightedJensenShannon {
    /// π ln(u/m).
    fn real<E: Elementary>(&self, v: E) -> E {
        // At the very end it rounds past f′(∞).
        (-v).ln_mix_exp(self.swap().weights()).scale(-self.weight).clamp(self.conjugate_domain())
    }
}

impl Smooth for WeightedJensenShannon {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.mix_sigmoid(self.weights()).scale(self.complement)
    }
}

impl Conjugate for WeightedJensenShannon {
    /// (1 − π) ln((1 − π)/(1 − π e^(t/π))) for t < −π ln π.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        let grown = t.clamp(domain).scale(self.weight.recip()).exp_m1();
        let left = grown.scale(-self.weight / self.complement).clamp(Interval::at_least(-1.0)); // at the very end it rounds below
        t.indicator(domain) - left.ln_1p().scale(self.complement)
    }
}

impl Tilt for WeightedJensenShannon {
    type Tilted = Tilted<Self>;

    fn tilt(&self) -> Tilted<Self> {
        Tilted(*self)
    }
}
