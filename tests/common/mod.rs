//! The one list of divergences. A new divergence that is added here goes through every law that it can be put to.

/// `weight` times `divergence`.
pub(crate) fn times<D>(weight: f64, divergence: D) -> fenchel::divergence::Weighted<D> {
    fenchel::divergence::Weighted::new(weight, divergence).unwrap()
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
            "swapped soft_reverse_kl" fenchel::divergence::FDivergence::swap(&fenchel::divergence::SoftReverseKl),
        }
    };
}
