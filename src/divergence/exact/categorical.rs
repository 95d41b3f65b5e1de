//! Closed forms for pairs of categorical laws: sums.

use super::discrete;
use crate::distribution::Categorical;
use crate::divergence::{
    Alpha, ArithmeticGeometric, ClosedForm, DivergenceError, ForwardKl, Jeffreys, JensenShannon, Log1pAbs, ModifiedGan,
    Named, NamedSmooth, NeymanChi2, PearsonChi2, Renyi, ReverseKl, SoftForwardKl, SoftReverseKl, SquaredHellinger,
    TotalVariation, Triangular, WeightedJensenShannon, check_not_nan,
};
use crate::real::Real;

macro_rules! categorical {
    ($($divergence:ident)*) => {$(
        /// The sum of [`discrete`].
        impl<T: Real> ClosedForm<Categorical<T>> for $divergence {
            fn between(&self, p: &Categorical<T>, q: &Categorical<T>) -> Result<T, DivergenceError> {
                discrete(self, p.probabilities(), q.probabilities())
            }
        }
    )*};
}
categorical! {
    ForwardKl ReverseKl Jeffreys PearsonChi2 NeymanChi2 Alpha SquaredHellinger JensenShannon WeightedJensenShannon SoftForwardKl
    SoftReverseKl ArithmeticGeometric Triangular ModifiedGan TotalVariation Log1pAbs Named NamedSmooth
}

/// By way of [`discrete`].
impl<T: Real> ClosedForm<Categorical<T>> for Renyi {
    fn between(&self, p: &Categorical<T>, q: &Categorical<T>) -> Result<T, DivergenceError> {
        check_not_nan(self.from_alpha(self.alpha_divergence().between(p, q)?))
    }
}
