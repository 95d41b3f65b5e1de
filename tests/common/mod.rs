//! The one list of divergences. A new divergence that is added here goes through every law that it can be put to.

/// `weight` times `divergence`.
pub(crate) fn times<D>(weight: f64, divergence: D) -> fenchel::divergence::Weighted<D> {
    fenchel::divergence::Weighted::new(weight, divergence).unwrap()
}

/// A divergence from outside, whose swap has no name: f(u) = 1/u² + 2u − 3.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(dead_code)] // not in every test that shares this file
pub(crate) struct Own;

impl fenchel::divergence::FDivergence for Own {
    type Swapped = fenchel::divergence::Swapped<Self>;

    /// Twice the gap of exp at v, and the gap at −2v: the linear parts cancel by hand.
    fn value<E: fenchel::Elementary>(&self, v: E) -> E {
        v.exp_m1_mx().scale(2.0) + v.scale(-2.0).exp_m1_mx()
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        2.0
    }

    fn swap(&self) -> Self::Swapped {
        fenchel::divergence::Swapped(*self)
    }
}

/// Calls `law(name, divergence)` for every divergence that can do what `kind` says.
///
/// The names are those of `tests/data/divergences.csv`, with `weight * ` before that of a multiple. In a test:
/// `for_each_divergence!(variational law)`.
#[macro_export]
macro_rules! for_each_divergence {
    (@call $law:expr; $($name:literal $divergence:expr,)*) => {
        $($law($name, $divergence);)*
    };
    // Has a closed form between Gaussians.
    (closed_form $law:expr) => {
        for_each_divergence! { @call $law;
            "forward_kl" fenchel::divergence::ForwardKl,
            "reverse_kl" fenchel::divergence::ReverseKl,
            "pearson_chi2" fenchel::divergence::PearsonChi2,
            "neyman_chi2" fenchel::divergence::NeymanChi2,
            "0.375 * pearson_chi2" common::times(0.375, fenchel::divergence::PearsonChi2),
        }
    };
    // Knows what its non-saturating step minimises.
    (tilt $law:expr) => {
        for_each_divergence! { @call $law;
            "forward_kl" fenchel::divergence::ForwardKl,
            "reverse_kl" fenchel::divergence::ReverseKl,
            "pearson_chi2" fenchel::divergence::PearsonChi2,
            "jensen_shannon" fenchel::divergence::JensenShannon,
            "soft_forward_kl" fenchel::divergence::SoftForwardKl,
            "0.375 * pearson_chi2" common::times(0.375, fenchel::divergence::PearsonChi2),
            "2.5 * jensen_shannon" common::times(2.5, fenchel::divergence::JensenShannon),
        }
    };
    // Has a critic: all that can be tilted, and the ends of the chain.
    (variational $law:expr) => {
        for_each_divergence!(tilt $law);
        for_each_divergence! { @call $law;
            "neyman_chi2" fenchel::divergence::NeymanChi2,
            "soft_reverse_kl" fenchel::divergence::SoftReverseKl,
            "2.5 * soft_reverse_kl" common::times(2.5, fenchel::divergence::SoftReverseKl),
        }
    };
    // Has exact values: all that have a critic, and swaps without a name.
    (any $law:expr) => {
        for_each_divergence!(variational $law);
        for_each_divergence! { @call $law;
            "own" common::Own,
            "swapped own" fenchel::divergence::FDivergence::swap(&common::Own),
        }
    };
}
