//! The lists of divergences. A law is called with every divergence that it applies to, and nobody can forget one: a test compares the lists with the sources.

use std::collections::BTreeSet;
use std::path::Path;

use fenchel::Elementary;
use fenchel::divergence::{
    Alpha, FDivergence, Jeffreys, ModifiedGan, Named, NamedSmooth, ReverseKl, Sum, Swapped, Symmetrised, Triangular,
    Weighted, WeightedJensenShannon,
};

/// `weight` times `divergence`.
pub(crate) fn times<D>(weight: f64, divergence: D) -> Weighted<D> {
    Weighted::new(weight, divergence).unwrap()
}

pub(crate) fn alpha(alpha: f64) -> Alpha {
    Alpha::new(alpha).unwrap()
}

pub(crate) fn weighted(weight: f64) -> WeightedJensenShannon {
    WeightedJensenShannon::new(weight).unwrap()
}

/// A divergence from outside, whose swap has no name: f(u) = 1/u² + 2u − 3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Own;

impl FDivergence for Own {
    type Swapped = Swapped<Self>;

    /// Twice the gap of exp at v, and the gap at −2v: the linear parts cancel by hand.
    fn value<E: Elementary>(&self, v: E) -> E {
        v.exp_m1_mx().scale(2.0) + v.scale(-2.0).exp_m1_mx()
    }

    fn at_zero(&self) -> f64 {
        f64::INFINITY
    }

    fn slope_at_infinity(&self) -> f64 {
        2.0
    }

    fn swap(&self) -> Swapped<Self> {
        Swapped(*self)
    }
}

/// What the adaptors make of smooth members.
pub(crate) fn sum() -> Sum<Weighted<Triangular>, Alpha> {
    2.0 * Triangular + alpha(0.4)
}

pub(crate) fn symmetrised() -> Symmetrised<ReverseKl> {
    Symmetrised(ReverseKl)
}

/// Calls `law(name, divergence)` for every divergence that can do what the first word says. The names of members are those of the runtime, and of
/// `data/divergences.csv`.
macro_rules! for_each_divergence {
    (@call $law:expr; $($name:literal $divergence:expr,)*) => {
        $($law($name, $divergence);)*
    };
    // Has exact values.
    (any $law:expr) => {
        for d in fenchel::divergence::Named::all() {
            $law(d.to_string().as_str(), d);
        }
        for_each_divergence! { @call $law;
            "own" crate::family::Own,
            "swapped own" fenchel::divergence::FDivergence::swap(&crate::family::Own),
            "swapped log1p_abs" fenchel::divergence::FDivergence::swap(&fenchel::divergence::Log1pAbs),
            "0.375 * total_variation" crate::family::times(0.375, fenchel::divergence::TotalVariation),
            "total_variation + own" fenchel::divergence::TotalVariation + crate::family::Own,
        }
        for_each_divergence!(adaptor $law);
    };
    // Has a log-ratio critic and a curvature.
    (smooth $law:expr) => {
        for d in fenchel::divergence::NamedSmooth::all() {
            $law(d.to_string().as_str(), d);
        }
        for_each_divergence!(adaptor $law);
    };
    // Smooth, by way of an adaptor.
    (adaptor $law:expr) => {
        for_each_divergence! { @call $law;
            "0.375 * pearson_chi2" crate::family::times(0.375, fenchel::divergence::PearsonChi2),
            "2.5 * soft_reverse_kl" 2.5 * fenchel::divergence::SoftReverseKl,
            "sum" crate::family::sum(),
            "symmetrised reverse_kl" crate::family::symmetrised(),
            "swapped modified_gan" fenchel::divergence::FDivergence::swap(&fenchel::divergence::ModifiedGan),
        }
    };
    // Knows what its non-saturating step minimises, by type: all that have a critic.
    (tilt $law:expr) => {
        for_each_divergence!(member $law);
        for_each_divergence! { @call $law;
            "total_variation" fenchel::divergence::TotalVariation,
            "2.5 * total_variation" crate::family::times(2.5, fenchel::divergence::TotalVariation),
        }
        for_each_divergence!(adaptor $law);
    };
    // The smooth members, by type.
    (member $law:expr) => {
        for_each_divergence! { @call $law;
            "forward_kl" fenchel::divergence::ForwardKl,
            "reverse_kl" fenchel::divergence::ReverseKl,
            "jeffreys" fenchel::divergence::Jeffreys,
            "pearson_chi2" fenchel::divergence::PearsonChi2,
            "neyman_chi2" fenchel::divergence::NeymanChi2,
            "squared_hellinger" fenchel::divergence::SquaredHellinger,
            "alpha(0.3)" crate::family::alpha(0.3),
            "alpha(-0.5)" crate::family::alpha(-0.5),
            "alpha(1.6)" crate::family::alpha(1.6),
            "t_power(0.4)" fenchel::divergence::Alpha::t_power(0.4).unwrap(),
            "jensen_shannon" fenchel::divergence::JensenShannon,
            "weighted_jensen_shannon(0.3)" crate::family::weighted(0.3),
            "soft_forward_kl" fenchel::divergence::SoftForwardKl,
            "soft_reverse_kl" fenchel::divergence::SoftReverseKl,
            "arithmetic_geometric" fenchel::divergence::ArithmeticGeometric,
            "triangular" fenchel::divergence::Triangular,
            "modified_gan" fenchel::divergence::ModifiedGan,
        }
    };
    // Has a conjugate in closed form.
    (conjugate $law:expr) => {
        for_each_divergence!(smooth_conjugate $law);
        for_each_divergence! { @call $law;
            "total_variation" fenchel::divergence::TotalVariation,
            "log1p_abs" fenchel::divergence::Log1pAbs,
        }
    };
    (smooth_conjugate $law:expr) => {
        for_each_divergence! { @call $law;
            "forward_kl" fenchel::divergence::ForwardKl,
            "reverse_kl" fenchel::divergence::ReverseKl,
            "pearson_chi2" fenchel::divergence::PearsonChi2,
            "neyman_chi2" fenchel::divergence::NeymanChi2,
            "squared_hellinger" fenchel::divergence::SquaredHellinger,
            "alpha(-1.3)" crate::family::alpha(-1.3),
            "alpha(0)" crate::family::alpha(0.0),
            "alpha(0.000000001)" crate::family::alpha(1e-9),
            "alpha(0.3)" crate::family::alpha(0.3),
            "alpha(1)" crate::family::alpha(1.0),
            "alpha(1.6)" crate::family::alpha(1.6),
            "alpha(2.5)" crate::family::alpha(2.5),
            "t_power(0.4)" fenchel::divergence::Alpha::t_power(0.4).unwrap(),
            "t_power(1.5)" fenchel::divergence::Alpha::t_power(1.5).unwrap(),
            "jensen_shannon" fenchel::divergence::JensenShannon,
            "weighted_jensen_shannon(0.01)" crate::family::weighted(0.01),
            "weighted_jensen_shannon(0.9)" crate::family::weighted(0.9),
            "soft_forward_kl" fenchel::divergence::SoftForwardKl,
            "triangular" fenchel::divergence::Triangular,
            "2.5 * jensen_shannon" 2.5 * fenchel::divergence::JensenShannon,
        }
    };
    // Has a closed form between Gaussians.
    (closed_form $law:expr) => {
        for_each_divergence! { @call $law;
            "forward_kl" fenchel::divergence::ForwardKl,
            "reverse_kl" fenchel::divergence::ReverseKl,
            "jeffreys" fenchel::divergence::Jeffreys,
            "pearson_chi2" fenchel::divergence::PearsonChi2,
            "neyman_chi2" fenchel::divergence::NeymanChi2,
            "squared_hellinger" fenchel::divergence::SquaredHellinger,
            "alpha(-0.5)" crate::family::alpha(-0.5),
            "alpha(0)" crate::family::alpha(0.0),
            "alpha(0.3)" crate::family::alpha(0.3),
            "alpha(1)" crate::family::alpha(1.0),
            "alpha(1.6)" crate::family::alpha(1.6),
            "0.375 * pearson_chi2" crate::family::times(0.375, fenchel::divergence::PearsonChi2),
            "hellinger + 2 forward" fenchel::divergence::SquaredHellinger + 2.0 * fenchel::divergence::ForwardKl,
            "symmetrised reverse_kl" crate::family::symmetrised(),
        }
    };
}

/// Runs a law that returns a proptest outcome over a list, up to the first failure.
macro_rules! hold {
    ($kind:ident $law:expr) => {{
        let mut outcome: Result<(), proptest::test_runner::TestCaseError> = Ok(());
        for_each_divergence!($kind |name: &str, d| if outcome.is_ok() { outcome = $law(name, d) });
        outcome?;
    }};
}

/// The text of every source file of the room, without what its documentation shows.
fn sources() -> String {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/divergence");
    let files = std::fs::read_dir(room).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let text: String = files.map(|file| std::fs::read_to_string(file).unwrap()).collect();
    text.lines().filter(|line| !line.starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}

/// The types after `before`, up to a blank, a bracket or a brace.
fn types_after(source: &str, before: &str) -> BTreeSet<String> {
    let names = source.split(before).skip(1);
    names.map(|rest| rest.split([' ', '<', '{', '\n']).next().unwrap().to_owned()).collect()
}

#[test]
fn every_divergence_of_the_room_goes_through_the_laws() {
    let source = sources();
    let all = types_after(&source, "FDivergence for ");
    // `divergence_by_match` implements it for these two.
    let members: BTreeSet<_> = all
        .into_iter()
        .filter(|name| !["Weighted", "Sum", "Swapped", "Symmetrised", "$named"].contains(&name.as_str()))
        .collect();
    assert!(members.len() >= 16, "{members:?}");
    for member in members {
        assert!(source.contains(&format!("{member}({member}), \"")), "{member} is not in the family of named.rs");
    }
}

#[test]
fn the_lists_by_type_leave_no_member_out() {
    let prefix = |name: &str| name.split('(').next().unwrap().to_owned();
    let mut listed = BTreeSet::new();
    for_each_divergence!(member |name: &str, _| {
        listed.insert(prefix(name));
    });
    assert_eq!(listed, NamedSmooth::NAMES.iter().map(|name| prefix(name)).collect());
    // And with a closed conjugate, every type that has one; t_power and multiples are of a type that is there already.
    let with_conjugate = types_after(&sources(), "impl Conjugate for ");
    let mut seen = BTreeSet::new();
    for_each_divergence!(conjugate |name: &str, _| if !name.contains('*') && !name.starts_with("t_power") {
        seen.insert(prefix(name));
    });
    assert_eq!(seen.len(), with_conjugate.len(), "{seen:?} {with_conjugate:?}");
}

#[test]
fn every_name_is_read_back_as_what_it_names() {
    for d in Named::all() {
        let name = d.to_string();
        let back: Named = name.parse().unwrap();
        assert_eq!(back, d);
        assert_eq!(format!("{back:?}"), name);
    }
    for d in NamedSmooth::all() {
        assert_eq!(d.to_string().parse::<NamedSmooth>().unwrap(), d);
        assert_eq!(d.to_string().parse::<Named>().unwrap(), Named::from(d));
        assert_eq!(NamedSmooth::try_from(Named::from(d)), Ok(d));
    }
    let rough = NamedSmooth::try_from("log1p_abs".parse::<Named>().unwrap());
    assert_eq!(rough.unwrap_err().to_string(), "'log1p_abs' has no curvature, and so no log-ratio critic");
    let smooth = NamedSmooth::all().len();
    assert_eq!(Named::all().len(), smooth + 2);
    assert_eq!(" alpha ( 0.5 ) ".parse::<Named>().unwrap().to_string(), "alpha(0.5)");
}

#[test]
fn names_and_types_are_the_same_divergences() {
    // Through the enum and by type, bit for bit.
    for_each_divergence!(member |name: &str, d| same(name, d));
    fn same<D: fenchel::divergence::Smooth>(name: &str, d: D) {
        let named: NamedSmooth = name.parse().unwrap();
        fn parts<D: fenchel::divergence::Smooth>(d: D, v: f64) -> [f64; 8] {
            let (value, swapped) = (d.value(v), d.swap().value(v));
            [
                value,
                swapped,
                d.swapped_value(v),
                d.real(v),
                d.fake(v),
                d.curvature(v),
                d.at_zero(),
                d.slope_at_infinity(),
            ]
        }
        for v in [-3.0, -0.2, 0.0, 0.7, 5.0] {
            let (by_name, by_type) = (parts(named, v), parts(d, v));
            // Part 2, the swapped value as a divergence with a named swap has it by default, is rounded otherwise.
            for i in [0, 1, 3, 4, 5, 6, 7] {
                assert_eq!(by_name[i], by_type[i], "{name} at {v}, part {i}");
            }
        }
    }
}

#[test]
fn wrong_names_are_explained() {
    let error = |name: &str| name.parse::<Named>().unwrap_err().to_string();
    assert!(
        error("kl").starts_with("no divergence is called 'kl'; there are forward_kl, reverse_kl, "),
        "{}",
        error("kl")
    );
    assert!(error("kl").ends_with("log1p_abs"));
    assert_eq!(error("alpha"), "'alpha' should read alpha(a)");
    assert_eq!(error("alpha(x)"), "'alpha(x)' should read alpha(a)");
    assert_eq!(error("forward_kl(1)"), "'forward_kl(1)' should read forward_kl");
    assert_eq!(error("alpha(inf)"), "'alpha(inf)': alpha is inf, but must be within -1e18 and 1e18");
    assert_eq!(error("t_power(1)"), "'t_power(1)': t is 1, but must be not 0 or 1");
    let weight = "'weighted_jensen_shannon(1)': the weight of P is 1, but must be inside (0, 1), by 2e-38 at least";
    assert_eq!(error("weighted_jensen_shannon(1)"), weight);
    let smooth = "total_variation".parse::<NamedSmooth>().unwrap_err().to_string();
    assert_eq!(smooth, "'total_variation' has no curvature, and so no log-ratio critic");
    assert!(error("").starts_with("no divergence is called ''"));
}

#[test]
fn sums_and_multiples_print_as_they_are_written() {
    assert_eq!(format!("{:?}", 2.0 * Jeffreys + ReverseKl), "2 Jeffreys + ReverseKl");
    assert_eq!(format!("{:?}", 2.0 * (Jeffreys + 3.0 * ReverseKl)), "2 (Jeffreys + 3 ReverseKl)");
    assert_eq!(format!("{:?}", Symmetrised(ModifiedGan)), "Symmetrised(ModifiedGan)");
}
