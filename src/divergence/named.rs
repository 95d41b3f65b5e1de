//! The family by name, for command lines and configuration.

use std::fmt;
use std::str::FromStr;

use super::{
    Alpha, ArithmeticGeometric, DivergenceError, FDivergence, ForwardKl, Jeffreys, JensenShannon, Log1pAbs, LogRatio,
    ModifiedGan, NeymanChi2, Objective, PearsonChi2, ReverseKl, Smooth, SoftForwardKl, SoftReverseKl, SquaredHellinger,
    Swapped, Tilt, Tilted, TotalVariation, Triangular, Variational, Weighted, WeightedJensenShannon,
};
use crate::elementary::Elementary;

/// Why a name is not that of a divergence.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// No divergence is called so.
    #[error("no divergence is called '{name}'; there are {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: &'static [&'static str],
    },
    /// A divergence that is not smooth, where one with a log-ratio critic is wanted.
    #[error("'{name}' has no curvature, and so no log-ratio critic")]
    NotSmooth {
        /// The name.
        name: String,
    },
    /// A name with a parameter, as `alpha(0.5)`, lacks it, or one without has it, or it is not a number.
    #[error("'{name}' should read {expected}")]
    Parameter {
        /// The name.
        name: String,
        /// How it should read.
        expected: &'static str,
    },
    /// The parameter is a number, but out of range.
    #[error("'{name}': {reason}")]
    Refused {
        /// The name.
        name: String,
        /// What the divergence says of it.
        reason: DivergenceError,
    },
}

/// The part of `text` before a parameter in parentheses, and the parameter.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((name, parameter)) => (name.trim_end(), Some(parameter.trim())),
        None => (text, None),
    }
}

/// The one list of the family: names, types, and samples of a parameter.
macro_rules! family {
    (
        smooth { $($(#[$doc:meta])* $variant:ident($type:ty), $name:literal $(, [$parameter:ident] $make:expr, $read:expr, $samples:expr)?;)* }
        rough { $($(#[$rdoc:meta])* $rvariant:ident($rtype:ty), $rname:literal;)* }
    ) => {
        /// A member of the family that is smooth, chosen at run time: whatever [`Smooth`] is good for, games above all. See [`Named`] for those without a
        /// log-ratio critic.
        ///
        /// Printed and parsed by name. It costs a `match` for each evaluation of a formula, which on a tape is one for each matrix.
        ///
        /// ```
        /// use fenchel::divergence::{Game, NamedSmooth};
        ///
        /// let divergence: NamedSmooth = "alpha(0.5)".parse()?;
        /// let game = Game::minimax(divergence);
        /// assert_eq!(divergence.to_string(), "alpha(0.5)");
        /// assert!("total_variation".parse::<NamedSmooth>().is_err()); // has no curvature
        /// # Ok::<(), fenchel::divergence::NameError>(())
        /// ```
        #[derive(Clone, Copy, PartialEq)]
        #[non_exhaustive]
        pub enum NamedSmooth {
            $($(#[$doc])* $variant($type),)*
        }

        impl NamedSmooth {
            /// How the names read; a parameter stands in parentheses.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Every member once, those with a parameter at several of its values: what a table or a test of them all walks.
            pub fn all() -> Vec<Self> {
                [$(family!(@all $variant($type) $(, $make, $samples)?)),*].concat()
            }
        }

        impl fmt::Display for NamedSmooth {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(_d) => family!(@display f, _d, $name $(, $parameter, $read)?),)*
                }
            }
        }

        impl FromStr for NamedSmooth {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let (name, parameter) = split(text.trim());
                $(if name == split($name).0 {
                    let error = || NameError::Parameter { name: text.to_owned(), expected: $name };
                    return family!(@parse text, error, parameter, $variant($type) $(, $make)?);
                })*
                Err(match name {
                    $($rname)|* => NameError::NotSmooth { name: text.to_owned() },
                    _ => NameError::Unknown { name: text.to_owned(), known: Self::NAMES },
                })
            }
        }

        macro_rules! smooth {
            ($self:ident, $d:ident => $result:expr) => {
                match $self { $(Self::$variant($d) => $result,)* }
            };
        }

        /// Any member of the family, chosen at run time: for exact values and estimates. For games, [`NamedSmooth`].
        ///
        /// ```
        /// use fenchel::divergence::{Named, exact};
        ///
        /// for name in ["total_variation", "jensen_shannon", "weighted_jensen_shannon(0.3)"] {
        ///     let divergence: Named = name.parse()?;
        ///     let value: f64 = exact::discrete(&divergence, &[0.5, 0.5], &[0.25, 0.75])?;
        ///     assert!(value > 0.0 && divergence.to_string() == name);
        /// }
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Clone, Copy, PartialEq)]
        #[non_exhaustive]
        pub enum Named {
            /// A smooth member.
            Smooth(NamedSmooth),
            $($(#[$rdoc])* $rvariant($rtype),)*
        }

        impl Named {
            /// How the names read; a parameter stands in parentheses.
            pub const NAMES: &'static [&'static str] = &[$($name,)* $($rname),*];

            /// Every member once, those with a parameter at several of its values: what a table or a test of them all walks.
            pub fn all() -> Vec<Self> {
                let smooth = NamedSmooth::all().into_iter().map(Self::Smooth);
                smooth.chain([$(Self::$rvariant(<$rtype as Default>::default())),*]).collect()
            }
        }

        impl fmt::Display for Named {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Smooth(smooth) => smooth.fmt(f),
                    $(Self::$rvariant(_) => f.write_str($rname),)*
                }
            }
        }

        impl FromStr for Named {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                match text.trim() {
                    $($rname => Ok(Self::$rvariant(<$rtype as Default>::default())),)*
                    name => name.parse().map(Self::Smooth).map_err(|error| match error {
                        NameError::Unknown { name, .. } => NameError::Unknown { name, known: Self::NAMES },
                        error => error,
                    }),
                }
            }
        }

        macro_rules! any {
            ($self:ident, $d:ident => $result:expr) => {
                match $self { Self::Smooth($d) => $result, $(Self::$rvariant($d) => $result,)* }
            };
        }
    };
    (@all $variant:ident($type:ty)) => { vec![Self::$variant(<$type as Default>::default())] };
    (@all $variant:ident($type:ty), $make:expr, $samples:expr) => {
        $samples.into_iter().filter_map(|x: f64| $make(x).ok()).map(Self::$variant).collect()
    };
    (@display $f:ident, $d:ident, $name:literal) => { $f.write_str($name) };
    (@display $f:ident, $d:ident, $name:literal, $parameter:ident, $read:expr) => {
        write!($f, "{}({})", split($name).0, $read($d))
    };
    (@parse $text:ident, $error:ident, $parameter:ident, $variant:ident($type:ty)) => {
        match $parameter {
            None => Ok(Self::$variant(<$type as Default>::default())),
            Some(_) => Err($error()),
        }
    };
    (@parse $text:ident, $error:ident, $parameter:ident, $variant:ident($type:ty), $make:expr) => {{
        let number: f64 = $parameter.and_then(|p| p.parse().ok()).ok_or_else($error)?;
        let refused = |reason| NameError::Refused { name: $text.to_owned(), reason };
        $make(number).map(Self::$variant).map_err(refused)
    }};
}

family! {
    smooth {
        /// [`ForwardKl`].
        ForwardKl(ForwardKl), "forward_kl";
        /// [`ReverseKl`].
        ReverseKl(ReverseKl), "reverse_kl";
        /// [`Jeffreys`].
        Jeffreys(Jeffreys), "jeffreys";
        /// [`PearsonChi2`].
        PearsonChi2(PearsonChi2), "pearson_chi2";
        /// [`NeymanChi2`].
        NeymanChi2(NeymanChi2), "neyman_chi2";
        /// [`SquaredHellinger`].
        SquaredHellinger(SquaredHellinger), "squared_hellinger";
        /// [`Alpha`].
        Alpha(Alpha), "alpha(a)", [a] Alpha::new, Alpha::alpha, [-1.3, -0.5, 0.0, 1e-9, 0.3, 0.75, 1.0, 1.6, 2.5];
        /// [`Alpha::t_power`].
        TPower(Weighted<Alpha>), "t_power(t)", [t] Alpha::t_power, |d: &Weighted<Alpha>| d.divergence().alpha(), [-0.5, 0.4, 1.5];
        /// [`JensenShannon`].
        JensenShannon(JensenShannon), "jensen_shannon";
        /// [`WeightedJensenShannon`].
        WeightedJensenShannon(WeightedJensenShannon), "weighted_jensen_shannon(w)", [w] WeightedJensenShannon::new, WeightedJensenShannon::weight,
            [0.01, 0.3, 0.9];
        /// [`SoftForwardKl`].
        SoftForwardKl(SoftForwardKl), "soft_forward_kl";
        /// [`SoftReverseKl`].
        SoftReverseKl(SoftReverseKl), "soft_reverse_kl";
        /// [`ArithmeticGeometric`].
        ArithmeticGeometric(ArithmeticGeometric), "arithmetic_geometric";
        /// [`Triangular`].
        Triangular(Triangular), "triangular";
        /// [`ModifiedGan`].
        ModifiedGan(ModifiedGan), "modified_gan";
    }
    rough {
        /// [`TotalVariation`].
        TotalVariation(TotalVariation), "total_variation";
        /// [`Log1pAbs`].
        Log1pAbs(Log1pAbs), "log1p_abs";
    }
}

/// An enum over divergences is a divergence; its swap has no name.
macro_rules! divergence_by_match {
    ($named:ident, $match:ident) => {
        /// The name.
        impl fmt::Debug for $named {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FDivergence for $named {
            type Swapped = Swapped<Self>;

            fn value<E: Elementary>(&self, v: E) -> E {
                $match!(self, d => d.value(v))
            }

            fn swapped_value<E: Elementary>(&self, v: E) -> E {
                $match!(self, d => d.swap().value(v))
            }

            fn at_zero(&self) -> f64 {
                $match!(self, d => d.at_zero())
            }

            fn slope_at_infinity(&self) -> f64 {
                $match!(self, d => d.slope_at_infinity())
            }

            fn swap(&self) -> Swapped<Self> {
                Swapped(*self)
            }

            fn check(&self) -> Result<(), DivergenceError> {
                $match!(self, d => d.check())
            }
        }
    };
}
divergence_by_match!(Named, any);
divergence_by_match!(NamedSmooth, smooth);

impl Objective for NamedSmooth {
    type Critic = LogRatio;

    fn fake<E: Elementary>(&self, v: E) -> E {
        smooth!(self, d => d.fake(v))
    }
}

impl Variational for NamedSmooth {
    fn real<E: Elementary>(&self, v: E) -> E {
        smooth!(self, d => d.real(v))
    }
}

impl Smooth for NamedSmooth {
    fn curvature<E: Elementary>(&self, v: E) -> E {
        smooth!(self, d => d.curvature(v))
    }

    fn swapped_curvature<E: Elementary>(&self, v: E) -> E {
        smooth!(self, d => d.swap().curvature(v))
    }
}

impl Tilt for NamedSmooth {
    type Tilted = Tilted<Self>;

    fn tilt(&self) -> Tilted<Self> {
        Tilted(*self)
    }
}

/// Errs for a divergence without a curvature.
impl TryFrom<Named> for NamedSmooth {
    type Error = NameError;

    fn try_from(named: Named) -> Result<Self, NameError> {
        match named {
            Named::Smooth(smooth) => Ok(smooth),
            rough => Err(NameError::NotSmooth { name: rough.to_string() }),
        }
    }
}

impl From<NamedSmooth> for Named {
    fn from(smooth: NamedSmooth) -> Self {
        Self::Smooth(smooth)
    }
}
