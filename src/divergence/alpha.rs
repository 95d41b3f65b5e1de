//! The alpha family, its Hellinger member, and Rényi's.

use super::{Conjugate, DivergenceError, FDivergence, LogRatio, Objective, Smooth, Tilt, Variational, Weighted};
use crate::elementary::{Elementary, Interval};
use crate::real::{Real, real};
use crate::special::scaled_ln_1p;

/// D_α(P‖Q) = (∫ pᵅ q¹⁻ᵅ − 1)/(α(α − 1)) for every real α, continuously through 0 and 1.
///
/// f(u) = (uᵅ − 1 − α(u − 1))/(α(α − 1)), with f″(u) = uᵅ⁻² and so f″(1) = 1 for every α:
///
/// | α | −1 | 0 | ½ | 1 | 2 |
/// |---|---|---|---|---|---|
/// | D_α | ½ [`NeymanChi2`](super::NeymanChi2) | [`ReverseKl`](super::ReverseKl) | 2 [`SquaredHellinger`] | [`ForwardKl`](super::ForwardKl) | ½ [`PearsonChi2`](super::PearsonChi2) |
///
/// * **Finite** whatever the laws for 0 < α < 1, at most 1/(α(1 − α)); for α ≥ 1 only if Q has mass wherever P has, for α ≤ 0 the other way round; and beyond
///   these only if its tails are wide enough.
/// * The larger α, the more it **covers**: mass that Q lacks costs f′(∞) = 1/(1 − α) a unit, without bound from α = 1 on. The smaller, the more it **seeks**:
///   mass that P lacks costs f(0) = 1/α, without bound from α = 0 down.
/// * Its **non-saturating** step minimises `Alpha(α − 1)` instead: *non-saturating lowers alpha by one*.
///
/// Accurate to a few units in the last place, but for the rounding of 1 − α where α has all its bits in use: that costs `value` and `real` up to |v| units in `f64`.
///
/// The t-power f = ±(uᵗ − 1) of other libraries is |t(t − 1)| D_t, [`Alpha::t_power`]. Amari's own parameter is 1 − 2α, Cressie and Read's λ is α − 1
/// and their scale twice this one. Amari (2016), *Information geometry and its applications*, chapter 4.
///
/// ```
/// use fenchel::divergence::{Alpha, FDivergence, ForwardKl};
///
/// let near = Alpha::new(1.0 + 1e-9)?;
/// assert!((near.value(0.7_f64) / ForwardKl.value(0.7) - 1.0).abs() < 1e-9); // not 0/0
/// # Ok::<(), fenchel::DivergenceError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Alpha {
    alpha: f64,
    /// 1 − α, kept so that exchanging twice is exact.
    complement: f64,
}

/// Of the same α.
impl PartialEq for Alpha {
    fn eq(&self, other: &Self) -> bool {
        self.alpha == other.alpha
    }
}

/// The largest α.
const LARGEST: f64 = 1e18;

impl Alpha {
    /// The member α.
    ///
    /// # Errors
    ///
    /// An α that is not a number, or above 10¹⁸ in size: its square must be finite in single precision.
    pub fn new(alpha: f64) -> Result<Self, DivergenceError> {
        if alpha.abs() <= LARGEST {
            Ok(Self::of(alpha))
        } else {
            Err(DivergenceError::InvalidParameter { what: "alpha", value: alpha, range: "within -1e18 and 1e18" })
        }
    }

    /// The same for an α that is known to be in range.
    pub(super) const fn of(alpha: f64) -> Self {
        Self { alpha, complement: 1.0 - alpha }
    }

    /// α.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// The divergence with f(u) = ±(uᵗ − 1), centred: |t(t − 1)| D_t.
    ///
    /// # Errors
    ///
    /// A t that is no α, or 0 or 1, where it vanishes.
    pub fn t_power(t: f64) -> Result<Weighted<Self>, DivergenceError> {
        Weighted::new((t * (t - 1.0)).abs(), Self::new(t)?).map_err(|_| DivergenceError::InvalidParameter {
            what: "t",
            value: t,
            range: "not 0 or 1",
        })
    }
}

impl FDivergence for Alpha {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.alpha_generator(self.alpha)
    }

    fn at_zero(&self) -> f64 {
        if self.alpha > 0.0 { self.alpha.recip() } else { f64::INFINITY }
    }

    fn slope_at_infinity(&self) -> f64 {
        self.swap().at_zero()
    }

    fn swap(&self) -> Self {
        Self { alpha: self.complement, complement: self.alpha }
    }
}

impl Objective for Alpha {
    type Critic = LogRatio;

    /// (eᵅᵛ − 1)/α.
    fn fake<E: Elementary>(&self, v: E) -> E {
        v.scaled_exp_m1(self.alpha)
    }
}

impl Variational for Alpha {
    /// (e⁽ᵅ⁻¹⁾ᵛ − 1)/(α − 1).
    fn real<E: Elementary>(&self, v: E) -> E {
        v.scaled_exp_m1(-self.complement)
    }
}

impl Smooth for Alpha {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.scaled_exp(self.alpha)
    }
}

impl Conjugate for Alpha {
    /// ((1 + (α − 1) t)₊ᵅᐟ⁽ᵅ⁻¹⁾ − 1)/α: `fake` at the inverse of `real`. The base stops at 0, which for α > 1 gives −f(0) for t ≤ −1/(α − 1).
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let c = -self.complement;
        // 1 + c t ≥ 0.
        let inside = if c > 0.0 { Interval::at_least(-c.recip()) } else { self.conjugate_domain() };
        t.clamp(inside).scaled_ln_1p(c).scaled_exp_m1(self.alpha) + t.indicator(self.conjugate_domain())
    }
}

impl Tilt for Alpha {
    type Tilted = Self;

    fn tilt(&self) -> Self {
        Self { alpha: -self.complement, complement: 1.0 + self.complement }
    }
}

/// H²(P‖Q) = ∫ (√p − √q)², **without** a half. Half of [`Alpha`]`(½)`.
///
/// f(u) = (√u − 1)².
///
/// * **Finite** whatever the laws: at most 2. Its root is a metric.
/// * Symmetric, and bounded in what missing mass costs: between well separated modes it **seeks**.
/// * Its **non-saturating** step minimises ½ [`Alpha`]`(−½)` instead, which is not bounded.
///
/// Hellinger (1909), *Neue Begründung der Theorie quadratischer Formen von unendlichvielen Veränderlichen*.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SquaredHellinger;

impl FDivergence for SquaredHellinger {
    type Swapped = Self;

    fn value<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).exp_m1().square()
    }

    fn at_zero(&self) -> f64 {
        1.0
    }

    fn slope_at_infinity(&self) -> f64 {
        1.0
    }

    fn swap(&self) -> Self {
        Self
    }
}

impl Objective for SquaredHellinger {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).exp_m1()
    }
}

impl Variational for SquaredHellinger {
    fn real<E: Elementary>(&self, v: E) -> E {
        -v.scale(-0.5).exp_m1()
    }
}

impl Smooth for SquaredHellinger {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        v.scale(0.5).exp().scale(0.5)
    }
}

impl Conjugate for SquaredHellinger {
    /// t/(1 − t) for t < 1, by way of the logarithm of 1/(1 − t): −1 at −∞.
    fn conjugate<E: Elementary>(&self, t: E) -> E {
        let domain = self.conjugate_domain();
        (-(-t.clamp(domain)).ln_1p()).exp_m1() + t.indicator(domain)
    }
}

impl Tilt for SquaredHellinger {
    type Tilted = Weighted<Alpha>;

    fn tilt(&self) -> Weighted<Alpha> {
        Weighted::of(0.5, Alpha::of(-0.5))
    }
}

/// Rényi's divergence R_α(P‖Q) = ln ∫ pᵅ q¹⁻ᵅ / (α − 1) for α > 0, with R₁ = KL(P‖Q).
///
/// It is no f-divergence, but a function of one: R_α = ln(1 + α(α − 1) D_α)/(α − 1), with D_α of [`Alpha`]. It adds up over products, grows with α, and
/// (1 − α) R_α(P‖Q) = α R₁₋α(Q‖P). Rényi (1961), *On measures of entropy and information*; van Erven and Harremoës (2014), *Rényi divergence and
/// Kullback-Leibler divergence*.
///
/// ```
/// use fenchel::divergence::{Renyi, exact};
///
/// let renyi = Renyi::new(2.0)?;
/// let (p, q) = ([0.5, 0.5], [0.25, 0.75]);
/// let value = renyi.from_alpha(exact::discrete(&renyi.alpha_divergence(), &p, &q)?);
/// assert!((value - (0.25 / 0.25 + 0.25 / 0.75_f64).ln()).abs() < 1e-15);
/// # Ok::<(), fenchel::DivergenceError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Renyi {
    alpha: Alpha,
}

impl Renyi {
    /// The divergence of order α.
    ///
    /// # Errors
    ///
    /// An α that is not positive, or above 10¹⁸.
    pub fn new(alpha: f64) -> Result<Self, DivergenceError> {
        if alpha > 0.0 && alpha <= LARGEST {
            Ok(Self { alpha: Alpha::of(alpha) })
        } else {
            Err(DivergenceError::InvalidParameter {
                what: "the order of Rényi's divergence",
                value: alpha,
                range: "positive, and at most 1e18",
            })
        }
    }

    /// The f-divergence D_α that it is a function of.
    pub fn alpha_divergence(&self) -> Alpha {
        self.alpha
    }

    /// R_α, given D_α however known: α ln(1 + c D_α)/c with c = α(α − 1). A D_α beyond its bound, by rounding say, counts as the bound.
    ///
    /// Where laws hardly overlap, D_α for 0 < α < 1 is at its bound −1/c to rounding, and R_α, a logarithm of what is left of it, loses its digits; and where
    /// α is large D_α overflows. [`ClosedForm`](super::ClosedForm) does without it.
    pub fn from_alpha<T: Real>(&self, divergence: T) -> T {
        scaled_ln_1p(self.alpha.product(), divergence) * real(self.alpha.alpha)
    }
}

impl Alpha {
    /// α(α − 1).
    pub(super) fn product(&self) -> f64 {
        -self.alpha * self.complement
    }
}
