//! Draws of every law: projections against exact distribution functions, one draw against many, and the streams of a seed.

use allocation_counter::measure;
use fenchel::DistributionError;
use fenchel::distribution::{
    AffineImage, Categorical, Empirical, Gaussian, KernelDensity, Mixture, Moments, SampleRows, StudentT, SwissRoll,
    TwoMoons, UniformBox, grid_of_25, ring_of_8,
};
use fenchel::nalgebra::{DMatrix, DVector, convert, dmatrix, dvector};
use fenchel::rand::distr::Distribution;
use fenchel::rand_distr::multi::MultiDistribution;
use fenchel::real::SampleReal;
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::erf::erfc;

use crate::kernel_density::hills;
use crate::{KOLMOGOROV, clover, has_its_moments, kolmogorov, normal_cdf, oblique, projected_cdf, rng};

#[test]
fn draws_have_the_moments_of_their_law() {
    has_its_moments("Gaussian", &oblique(), 3.0);
    // Between its components the third coordinate of the mixture has a kurtosis of up to about 6.
    has_its_moments("Mixture", &clover(), 6.0);
    let turned = clover().affine_image(&dmatrix![1.0, 2.0, 0.0; 0.0, -1.0, 1.0], &dvector![3.0, -100.0]).unwrap();
    has_its_moments("image", &turned, 6.0);
}

/// Φ by another library, fast enough for a million draws.
fn fast_normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

const MANY: usize = 1_000_000;

/// Directions without a law of their own: the first draws of another seed.
fn directions(dimension: usize) -> Vec<DVector<f64>> {
    let mut rng = rng(11);
    (0..3).map(|_| Gaussian::standard(dimension).unwrap().sample(&mut rng)).collect()
}

/// Draws projected onto random directions follow `cdf(direction)`.
fn projections_follow<L, F>(name: &str, law: &L, cdf: impl Fn(&DVector<f64>) -> F)
where
    L: SampleRows<Scalar = f64>,
    F: Fn(f64) -> f64,
{
    let rows = law.sample_rows(MANY, &mut rng(12)).unwrap();
    for direction in directions(law.dimension()) {
        let projected = &rows * &direction;
        let statistic = kolmogorov(projected.as_slice().to_vec(), cdf(&direction));
        assert!(statistic < KOLMOGOROV, "{name}: {statistic}");
    }
}

/// Means and deviations of the projections of Gaussians, with their weights.
fn mixed_normal_cdf(parts: Vec<(f64, f64, f64)>) -> impl Fn(f64) -> f64 {
    move |x| parts.iter().map(|&(w, mean, sd)| w * fast_normal_cdf((x - mean) / sd)).sum()
}

fn projected(mean: &DVector<f64>, covariance: &DMatrix<f64>, direction: &DVector<f64>) -> (f64, f64) {
    (mean.dot(direction), (covariance * direction).dot(direction).sqrt())
}

#[test]
fn projections_of_a_million_draws_follow_their_exact_distribution_functions() {
    let part = |weight: f64, law: &Gaussian<f64>, direction: &DVector<f64>| {
        let (mean, sd) = projected(&law.mean(), &law.covariance(), direction);
        (weight, mean, sd)
    };
    projections_follow("Gaussian", &oblique(), |a| mixed_normal_cdf(vec![part(1.0, &oblique(), a)]));
    let mixed = |law: &Mixture<Gaussian<f64>>, a: &DVector<f64>| {
        mixed_normal_cdf(law.weights().iter().zip(law.components()).map(|(&w, c)| part(w, c, a)).collect())
    };
    projections_follow("Mixture", &clover(), |a| mixed(&clover(), a));
    let ring = ring_of_8().unwrap();
    projections_follow("ring", &ring, |a| mixed(&ring, a));
    let law = hills();
    projections_follow("kernel density", &law, |a| {
        let weights = law.centres().weights().unwrap().to_vec();
        let kernel = law.kernel().covariance();
        let part = |(row, w)| {
            let (mean, sd) = projected(&law.centres().rows().row(row).transpose(), &kernel, a);
            (w, mean, sd)
        };
        mixed_normal_cdf(weights.into_iter().enumerate().map(part).collect())
    });
    for degrees in [0.8, 3.0, 50.0] {
        let law = StudentT::new(degrees, oblique().mean(), oblique().covariance()).unwrap();
        projections_follow("t", &law, |a| {
            let (mean, sd) = projected(&oblique().mean(), &oblique().covariance(), a);
            let t = StudentsT::new(mean, sd, degrees).unwrap();
            move |x| t.cdf(x)
        });
    }
}

#[test]
fn one_draw_by_the_trait_of_rand_follows_the_same_law() {
    let direction = dvector![0.3, -0.7, 0.5];
    let mut rng = rng(13);
    let single = Mixture::new(&[1.0], vec![oblique()]).unwrap();
    let draws = (0..20_000).map(|_| oblique().sample(&mut rng).dot(&direction)).collect();
    assert!(kolmogorov(draws, projected_cdf(&single, &direction)) < KOLMOGOROV);
    let law = clover();
    let draws = (&law).sample_iter(&mut rng).take(20_000).map(|x: DVector<f64>| x.dot(&direction)).collect();
    assert!(kolmogorov(draws, projected_cdf(&law, &direction)) < KOLMOGOROV);
}

#[test]
fn draws_in_single_precision_follow_the_same_law() {
    let law = Gaussian::<f32>::new(dvector![1.0, -2.0], dmatrix![4.0, 1.2; 1.2, 2.0]).unwrap();
    let mut rng = rng(14);
    let rows = law.sample_rows(50_000, &mut rng).unwrap();
    let draws = rows.row_iter().map(|row| f64::from(row[0]) - f64::from(row[1])).collect();
    // Mean 1 + 2, variance 4 + 2 - 2.4.
    assert!(kolmogorov(draws, |x| normal_cdf((x - 3.0) / 3.6_f64.sqrt())) < KOLMOGOROV);
}

#[test]
fn rows_written_in_place_are_the_rows_that_are_allocated() {
    let (mut first, mut second) = (rng(26), rng(26));
    let mut out = DMatrix::from_element(50, 3, f64::NAN);
    clover().sample_rows_to(&mut first, &mut out).unwrap();
    assert_eq!(out, clover().sample_rows(50, &mut second).unwrap());
    assert_eq!(clover().sample_rows(0, &mut first).unwrap().shape(), (0, 3));
}

/// One draw as a vector, into a slice and as the only row: the same numbers.
fn is_one_draw<L>(name: &str, law: &L, by_rows_too: bool)
where
    L: SampleRows<Scalar = f64> + Distribution<DVector<f64>> + MultiDistribution<f64>,
{
    let mut slice = vec![f64::NAN; law.sample_len()];
    law.sample_to_slice(&mut rng(15), &mut slice);
    assert_eq!(law.sample_len(), law.dimension());
    assert_eq!(Distribution::<DVector<f64>>::sample(law, &mut rng(15)).as_slice(), slice, "{name}");
    if by_rows_too {
        assert_eq!(law.sample_rows(1, &mut rng(15)).unwrap().transpose().as_slice(), slice, "{name}");
    }
}

#[test]
fn a_vector_a_slice_and_a_row_hold_the_same_draw() {
    let laws = Zoo::<f64>::new();
    is_one_draw("Gaussian", &laws.gaussian, true);
    is_one_draw("Mixture", &laws.mixture, true);
    is_one_draw("Student t", &laws.student, true);
    is_one_draw("box", &laws.uniform, true);
    is_one_draw("Empirical", &laws.empirical, true);
    is_one_draw("weighted Empirical", &laws.weighted, true);
    is_one_draw("kernel density", &laws.kernels, true);
    is_one_draw("roll", &SwissRoll::new(0.25).unwrap(), true);
    is_one_draw("moons", &TwoMoons::new(0.1).unwrap(), true);
}

/// Rows are one draw after another, to the bit; blocks of rows are no more than a faster way.
fn draws_row_by_row<L>(name: &str, law: &L)
where
    L: SampleRows<Scalar = f64> + MultiDistribution<f64>,
{
    let (mut single, mut slice) = (rng(17), vec![f64::NAN; law.dimension()]);
    let rows = law.sample_rows(300, &mut rng(17)).unwrap();
    for (i, row) in rows.row_iter().enumerate() {
        law.sample_to_slice(&mut single, &mut slice);
        assert!(row.iter().eq(&slice), "{name}, row {i}: {row} {slice:?}");
    }
}

#[test]
fn rows_are_one_draw_after_another() {
    let laws = Zoo::<f64>::new();
    draws_row_by_row("Gaussian", &laws.gaussian);
    draws_row_by_row("Student t", &laws.student);
    draws_row_by_row("box", &laws.uniform);
    draws_row_by_row("Empirical", &laws.empirical);
    draws_row_by_row("weighted Empirical", &laws.weighted);
    draws_row_by_row("kernel density", &laws.kernels);
    draws_row_by_row("roll", &SwissRoll::new(0.25).unwrap());
    draws_row_by_row("moons", &TwoMoons::new(0.1).unwrap());
}

fn allocates_nothing<L: MultiDistribution<f64>>(name: &str, law: &L) {
    let (mut rng, mut slice) = (rng(18), vec![f64::NAN; law.sample_len()]);
    let allocated = measure(|| (0..100).for_each(|_| law.sample_to_slice(&mut rng, &mut slice)));
    assert_eq!(allocated.count_total, 0, "{name}");
}

#[test]
fn a_draw_into_a_slice_allocates_nothing() {
    let laws = Zoo::<f64>::new();
    allocates_nothing("Gaussian", &laws.gaussian);
    allocates_nothing("Mixture", &laws.mixture);
    allocates_nothing("Student t", &laws.student);
    allocates_nothing("box", &laws.uniform);
    allocates_nothing("Empirical", &laws.empirical);
    allocates_nothing("weighted Empirical", &laws.weighted);
    allocates_nothing("kernel density", &laws.kernels);
    allocates_nothing("roll", &SwissRoll::new(0.25).unwrap());
    allocates_nothing("moons", &TwoMoons::new(0.1).unwrap());
}

/// No rows, more rows than there can be, and rows of the wrong length.
fn minds_its_shapes<L: SampleRows<Scalar = f64>>(law: &L) {
    let d = law.dimension();
    assert_eq!(law.sample_rows(0, &mut rng(16)).unwrap().shape(), (0, d));
    let too_large = DistributionError::TooLarge { rows: usize::MAX, columns: d };
    assert_eq!(law.sample_rows(usize::MAX, &mut rng(16)), Err(too_large));
    let wide = law.sample_rows_to(&mut rng(16), &mut DMatrix::zeros(4, d + 1));
    assert_eq!(wide, Err(DistributionError::DimensionMismatch { what: "the output row", expected: d, found: d + 1 }));
}

#[test]
fn wrong_shapes_of_draws_are_named() {
    let laws = Zoo::<f64>::new();
    minds_its_shapes(&laws.gaussian);
    minds_its_shapes(&laws.mixture);
    minds_its_shapes(&laws.student);
    minds_its_shapes(&laws.uniform);
    minds_its_shapes(&laws.empirical);
    minds_its_shapes(&laws.weighted);
    minds_its_shapes(&laws.kernels);
    minds_its_shapes(&SwissRoll::new(0.25).unwrap());
    minds_its_shapes(&TwoMoons::new(0.1).unwrap());
}

#[test]
#[should_panic(expected = "a draw has 3 entries, the slice for it 2")]
fn a_slice_of_the_wrong_length_panics_as_rand_distr_asks() {
    oblique().sample_to_slice(&mut rng(1), &mut [0.0; 2]);
}

/// One law of each kind, in either precision.
struct Zoo<T: SampleReal> {
    gaussian: Gaussian<T>,
    mixture: Mixture<Gaussian<T>>,
    categorical: Categorical<T>,
    student: StudentT<T>,
    uniform: UniformBox<T>,
    empirical: Empirical<T>,
    weighted: Empirical<T>,
    kernels: KernelDensity<T>,
}

impl<T: SampleReal> Zoo<T> {
    fn new() -> Self {
        let matrix = |m: DMatrix<f64>| m.map(convert::<f64, T>);
        let vector = |v: DVector<f64>| v.map(convert::<f64, T>);
        let gaussian = |law: Gaussian<f64>| Gaussian::new(vector(law.mean()), matrix(law.covariance())).unwrap();
        let weights = clover().weights().iter().map(|&w| convert(w)).collect::<Vec<T>>();
        let rows = hills().centres().rows().clone();
        let row_weights: Vec<T> = hills().centres().weights().unwrap().iter().map(|&w| convert(w)).collect();
        let weighted = Empirical::weighted(matrix(rows.clone()), &row_weights).unwrap();
        Self {
            gaussian: gaussian(oblique()),
            mixture: Mixture::new(&weights, clover().components().iter().cloned().map(gaussian).collect()).unwrap(),
            categorical: Categorical::new(&[2.0, 0.0, 5.0, 3.0].map(convert)).unwrap(),
            student: StudentT::new(2.5, vector(oblique().mean()), matrix(oblique().covariance())).unwrap(),
            uniform: UniformBox::new(vector(dvector![0.0, -3.0]), vector(dvector![2.0, 1.0])).unwrap(),
            empirical: Empirical::new(matrix(rows)).unwrap(),
            kernels: KernelDensity::with_kernel(weighted.clone(), matrix(hills().kernel().covariance())).unwrap(),
            weighted,
        }
    }

    /// The first rows of seed 1, row after row.
    fn streams(&self) -> Vec<(&'static str, Vec<f64>)> {
        fn rows<L: SampleRows>(law: &L) -> Vec<f64>
        where
            L::Scalar: SampleReal,
        {
            numbers(law.sample_rows(3, &mut rng(1)).unwrap().transpose().as_slice())
        }
        fn singles<T: SampleReal>(law: &impl Distribution<DVector<T>>) -> Vec<f64> {
            let mut rng = rng(1);
            (0..2).flat_map(|_| numbers(law.sample(&mut rng).as_slice())).collect()
        }
        fn numbers<T: SampleReal>(entries: &[T]) -> Vec<f64> {
            entries.iter().map(|&x| fenchel::nalgebra::try_convert(x).unwrap()).collect()
        }
        let stratified = self.mixture.stratified_rows(4, &mut rng(1)).unwrap().transpose();
        let categories = self.categorical.sample_rows(12, &mut rng(1)).unwrap();
        vec![
            ("gaussian", rows(&self.gaussian)),
            ("mixture", rows(&self.mixture)),
            ("stratified", numbers(stratified.as_slice())),
            ("gaussian, one by one", singles(&self.gaussian)),
            ("mixture, one by one", singles(&self.mixture)),
            ("categorical", numbers(categories.as_slice())),
            ("student", rows(&self.student)),
            ("box", rows(&self.uniform)),
            ("empirical", rows(&self.empirical)),
            ("weighted", rows(&self.weighted)),
            ("kernels", rows(&self.kernels)),
            ("roll", rows(&SwissRoll::<T>::new(convert(0.25)).unwrap())),
            ("moons", rows(&TwoMoons::<T>::new(convert(0.1)).unwrap())),
            ("ring", rows(&ring_of_8::<T>().unwrap())),
            ("grid", rows(&grid_of_25::<T>().unwrap())),
        ]
    }
}

/// A change of these numbers is a breaking change: whoever fixed a seed gets other draws.
#[test]
fn the_draws_of_a_seed_stay_what_they_are() {
    let pinned: &[(&str, &[f64], &[f32])] = &[
        (
            "gaussian",
            &[
                2.6879972272443524,
                -0.5772360032186974,
                -0.5715081853237622,
                1.9049929407689263,
                -2.7732246074449822,
                0.3546751862242682,
                6.896702940571944,
                -0.08819585241602024,
                -0.5179138739134643,
            ],
            &[2.6879973, -0.57723594, -0.5715084, 1.9049929, -2.7732246, 0.35467517, 6.896703, -0.0881958, -0.51791394],
        ),
        (
            "mixture",
            &[
                2.948351470285972,
                2.57073999873601,
                0.6511399600562253,
                -1.8790244783858165,
                1.476766883891616,
                1.8824794488268393,
                1.9049929407689263,
                -2.7732246074449822,
                0.3546751862242682,
            ],
            &[2.9483514, 2.57074, 0.65114, -1.8790245, 1.4767668, 1.8824794, 1.9049929, -2.7732246, 0.35467517],
        ),
        (
            "stratified",
            &[
                2.6879972272443524,
                -0.5772360032186974,
                -0.5715081853237622,
                1.9049929407689263,
                -2.7732246074449822,
                0.3546751862242682,
                7.474175735142986,
                0.055751403579530345,
                -0.39147667332396247,
                -1.8790244783858165,
                1.476766883891616,
                1.8824794488268393,
            ],
            &[
                2.6879973,
                -0.57723594,
                -0.5715084,
                1.9049929,
                -2.7732246,
                0.35467517,
                7.4741755,
                0.055751402,
                -0.39147666,
                -1.8790245,
                1.4767668,
                1.8824794,
            ],
        ),
        (
            "gaussian, one by one",
            &[
                2.6879972272443524,
                -0.5772360032186974,
                -0.5715081853237622,
                1.9049929407689263,
                -2.7732246074449822,
                0.3546751862242682,
            ],
            &[2.6879973, -0.57723594, -0.5715084, 1.9049929, -2.7732246, 0.35467517],
        ),
        (
            "mixture, one by one",
            &[
                0.7155607127305931,
                -0.3014129841937141,
                4.35748941115339,
                1.7166502743347576,
                1.9907272342722044,
                1.4614861653794413,
            ],
            &[0.71556073, -0.30141306, 4.3574896, 1.7166502, 1.9907272, 1.4614861],
        ),
        (
            "categorical",
            &[3.0, 3.0, 0.0, 3.0, 0.0, 2.0, 3.0, 2.0, 0.0, 0.0, 3.0, 2.0],
            &[3.0, 3.0, 0.0, 3.0, 0.0, 2.0, 3.0, 2.0, 0.0, 0.0, 3.0, 2.0],
        ),
        (
            "student",
            &[
                2.5827690139543247,
                -0.6659298179349005,
                -0.5047113387132214,
                2.348922784638272,
                5.511589803803927,
                2.3097678073154224,
                5.812376708831908,
                -1.2581746143883556,
                -0.8473561483366392,
            ],
            &[2.582769, -0.6659297, -0.5047116, 2.3489227, 5.51159, 2.3097677, 5.8123765, -1.2581747, -0.8473562],
        ),
        (
            "box",
            &[
                1.6232243177637695,
                -0.011581135367125128,
                0.2003018070675675,
                -0.01513251753275835,
                0.36935714423833876,
                -0.6380844610716832,
            ],
            &[1.6232243, -0.0115811825, 0.20030177, -0.015132666, 0.3693571, -0.63808465],
        ),
        ("empirical", &[-2.0, -1.5, 0.5, 0.5, 0.0, 0.0], &[-2.0, -1.5, 0.5, 0.5, 0.0, 0.0]),
        ("weighted", &[0.5, 0.5, 0.5, 0.5, 0.0, 0.0], &[0.5, 0.5, 0.5, 0.5, 0.0, 0.0]),
        (
            "kernels",
            &[
                0.8919287436270199,
                -0.15150832706355144,
                0.053172753869811185,
                0.497343209302082,
                1.561072602706166,
                2.700718168953413,
            ],
            &[0.8919288, -0.15150833, 0.053172737, 0.4973432, 1.5610726, 2.7007182],
        ),
        (
            "roll",
            &[
                12.282413740304797,
                -2.9919723126294366,
                7.799906892183617,
                -8.506393845713982,
                1.7570467077911411,
                13.710626179700842,
            ],
            &[12.282414, -2.991973, 7.7999086, -8.5063925, 1.757057, 13.710624],
        ),
        (
            "moons",
            &[
                1.4490797414543393,
                -0.6175870787316663,
                0.8946530147318661,
                -0.4638849906876308,
                2.0077513433616225,
                0.3393255300312407,
            ],
            &[1.4490798, -0.6175871, 0.89465284, -0.46388495, 2.0077515, 0.33932543],
        ),
        (
            "ring",
            &[
                0.0022300561431808467,
                -2.0156590669329586,
                -1.4070470596297477,
                -1.3552465329673755,
                2.009049929407689,
                -0.016315824134227826,
            ],
            &[0.0022300798, -2.015659, -1.4070468, -1.3552468, 2.00905, -0.016315823],
        ),
        (
            "grid",
            &[
                4.005575140357953,
                -4.039147667332396,
                2.017916256858369,
                2.1474175735142986,
                -3.977375176480777,
                -0.04078956033556957,
            ],
            &[4.005575, -4.039148, 2.0179162, 2.1474175, -3.9773753, -0.04078956],
        ),
    ];
    let (double, single) = (Zoo::<f64>::new().streams(), Zoo::<f32>::new().streams());
    assert_eq!(double.len(), pinned.len());
    for ((found, found_single), &(name, expected, expected_single)) in double.iter().zip(&single).zip(pinned) {
        assert_eq!((found.0, found.1.len(), found_single.1.len()), (name, expected.len(), expected_single.len()));
        // The tail and the edges of the ziggurat use exp and ln, sines and powers are others: other systems' libraries may round
        // otherwise. Sums cancel at most tenfold.
        let near = |(&x, y): (&f64, f64), rounding: f64| (x - y).abs() <= 64.0 * rounding * (1.0 + y.abs());
        assert!(found.1.iter().zip(expected).all(|(x, &y)| near((x, y), f64::EPSILON)), "{name}: {:?}", found.1);
        let same = found_single.1.iter().zip(expected_single).all(|(x, &y)| near((x, y.into()), f32::EPSILON.into()));
        assert!(same, "{name} in f32: {:?}", found_single.1);
    }
}
