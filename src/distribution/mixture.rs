//! Finite mixtures.

use nalgebra::{ComplexField, DMatrix, DVector};
use rand::Rng;
use rand::distr::Distribution;
use rand_distr::multi::MultiDistribution;

use super::draw::room;
use super::{
    AffineImage, Categorical, DistributionError, Gaussian, Law, Moments, SampleRows, Structure, StructuredGaussian,
    check_dimension,
};
use crate::real::{Real, real, to_f64};
use crate::special::{largest, ln_sum_exp};

/// Rows drawn at a time: what a component draws of them stays in cache until it is put in place. Which numbers become which row depends on it.
const DRAWN_ROWS: usize = 4096;

/// Σₖ wₖ Cₖ: a draw picks component k with probability wₖ, then draws from it.
///
/// ```
/// use fenchel::distribution::{Gaussian, Mixture, Moments, SampleRows};
/// use fenchel::nalgebra::{DMatrix, DVector};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), fenchel::DistributionError> {
/// let law = Mixture::new(
///     &[3.0, 1.0], // of any scale
///     vec![
///         Gaussian::new(DVector::from_vec(vec![0.5, 2.0]), DMatrix::from_diagonal(&DVector::from_vec(vec![4.0, 1.5])))?,
///         Gaussian::new(DVector::from_vec(vec![9.0, 9.0]), DMatrix::from_diagonal(&DVector::from_vec(vec![1.0, 3.0])))?,
///     ],
/// )?;
/// assert_eq!(law.mean(), DVector::from_vec(vec![2.625, 3.75]));
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let (rows, labels) = law.sample_labelled_rows(64, &mut rng)?;
/// assert_eq!((rows.shape(), labels.len()), ((64, 2), 64));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture<C: Law> {
    weights: Categorical<C::Scalar>,
    ln_weights: Vec<C::Scalar>,
    components: Vec<C>,
}

impl<C: Law> Mixture<C> {
    /// The mixture of `components` with probabilities proportional to `weights`.
    ///
    /// # Errors
    ///
    /// No component, not one weight each, a weight that is negative or not finite, weights that sum to 0, components of different dimensions.
    pub fn new(weights: &[C::Scalar], components: Vec<C>) -> Result<Self, DistributionError> {
        check_components(weights.len(), &components)?;
        let weights = Categorical::new(weights)?;
        let ln_weights = weights.probabilities().iter().map(|&w| w.ln()).collect();
        Ok(Self { weights, ln_weights, components })
    }

    /// The mixture of `components` with probabilities proportional to the exponentials of `ln_weights`, which may over- and
    /// underflow; −∞ is the weight 0. The density keeps components whose probability is less than the numbers hold.
    ///
    /// ```
    /// use fenchel::distribution::{Gaussian, Mixture};
    ///
    /// # fn main() -> Result<(), fenchel::DistributionError> {
    /// let law = Mixture::from_ln_weights(&[-2000.0, -2000.0 + 3_f64.ln()], vec![Gaussian::standard(1)?; 2])?;
    /// assert!((law.weights()[1] - 0.75).abs() < 1e-12); // ln 3 beside 2000 rounds by 1e-13
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// No component, not one log weight each, a log weight that is NaN or +∞, none that is not −∞, components of different dimensions.
    pub fn from_ln_weights(ln_weights: &[C::Scalar], components: Vec<C>) -> Result<Self, DistributionError> {
        check_components(ln_weights.len(), &components)?;
        let infinity = real::<C::Scalar>(f64::INFINITY);
        if let Some(component) = ln_weights.iter().position(|&w| !w.is_finite() && w != -infinity) {
            return Err(DistributionError::InvalidLnWeight { component, ln_weight: to_f64(ln_weights[component]) });
        }
        // Off the largest one first: the sum is then between 1 and the number of components.
        let largest = largest(ln_weights);
        if largest == -infinity {
            return Err(DistributionError::WeightSum { sum: 0.0 });
        }
        let shifted: Vec<_> = ln_weights.iter().map(|&ln_weight| ln_weight - largest).collect();
        let ln_sum = ln_sum_exp(&shifted);
        let weights = Categorical::new(&shifted.iter().map(|&ln_weight| ln_weight.exp()).collect::<Vec<_>>())?;
        Ok(Self { weights, ln_weights: shifted.iter().map(|&ln_weight| ln_weight - ln_sum).collect(), components })
    }

    /// The probabilities of the components; they sum to 1.
    pub fn weights(&self) -> &[C::Scalar] {
        self.weights.probabilities()
    }

    /// The logarithms of the probabilities; −∞ for 0.
    pub fn ln_weights(&self) -> &[C::Scalar] {
        &self.ln_weights
    }

    /// The components.
    pub fn components(&self) -> &[C] {
        &self.components
    }

    /// The mixture of what `image` makes of each component, with the same weights.
    pub(super) fn map_components(
        &self,
        image: impl Fn(&C) -> Result<C, DistributionError>,
    ) -> Result<Self, DistributionError> {
        let components = self.components.iter().map(image).collect::<Result<_, _>>()?;
        Ok(Self { weights: self.weights.clone(), ln_weights: self.ln_weights.clone(), components })
    }
}

impl<T: Real, S: Structure> Mixture<StructuredGaussian<T, S>> {
    /// The same law, with components of which no structure is known: they have [affine images](AffineImage), say, in the units that data had before they
    /// were standardised.
    pub fn to_full(&self) -> Mixture<Gaussian<T>> {
        let components = self.components.iter().map(StructuredGaussian::to_full).collect();
        Mixture { weights: self.weights.clone(), ln_weights: self.ln_weights.clone(), components }
    }
}

/// Errs unless there are components, all of one dimension, and one weight for each.
fn check_components<C: Law>(weights: usize, components: &[C]) -> Result<(), DistributionError> {
    let dimension = components.first().ok_or(DistributionError::NoComponents)?.dimension();
    if weights != components.len() {
        return Err(DistributionError::CountMismatch { weights, components: components.len() });
    }
    components.iter().try_for_each(|component| check_dimension("a component", dimension, component.dimension()))
}

/// Makes `rows` the places of 0, 1, ... in `labels`, which are below `count`, each in ascending order; returns where those of each label end.
fn sort_rows(labels: &[usize], count: usize, rows: &mut Vec<usize>) -> Vec<usize> {
    let mut ends = vec![0; count];
    labels.iter().for_each(|&label| ends[label] += 1);
    let mut sum = 0;
    for end in &mut ends {
        sum += std::mem::replace(end, sum);
    }
    // So far where they begin; every row moves that of its label on.
    rows.resize(labels.len(), 0);
    for (row, &label) in labels.iter().enumerate() {
        rows[ends[label]] = row;
        ends[label] += 1;
    }
    ends
}

impl<C: Law> Law for Mixture<C> {
    type Scalar = C::Scalar;

    fn dimension(&self) -> usize {
        self.components[0].dimension()
    }
}

impl<C: SampleRows> Mixture<C> {
    /// Fills `out` by blocks of rows: asks `label` for the component of each, then draws from one component after the other, in the order of
    /// their rows.
    fn sample_rows_by<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        out: &mut DMatrix<C::Scalar>,
        mut label: impl FnMut(&mut R) -> usize,
    ) -> Result<(), DistributionError> {
        let (n, dimension) = out.shape();
        let (mut labels, mut rows, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for start in (0..n).step_by(DRAWN_ROWS) {
            let count = DRAWN_ROWS.min(n - start);
            labels.clear();
            labels.extend((0..count).map(|_| label(rng)));
            let ends = sort_rows(&labels, self.components.len(), &mut rows);
            let mut begin = 0;
            for (component, end) in self.components.iter().zip(ends) {
                let rows = &rows[std::mem::replace(&mut begin, end)..end];
                if rows.is_empty() {
                    continue;
                }
                entries.resize(rows.len() * dimension, real(0.0));
                let mut drawn = DMatrix::from_vec(rows.len(), dimension, entries);
                component.sample_rows_to(rng, &mut drawn)?;
                check_dimension("a component's draw", dimension, drawn.ncols())?;
                check_dimension("a component's draw", rows.len(), drawn.nrows())?;
                let columns = out.as_mut_slice().chunks_exact_mut(n).zip(drawn.as_slice().chunks_exact(rows.len()));
                for (to, from) in columns {
                    let to = &mut to[start..start + count];
                    rows.iter().zip(from).for_each(|(&row, &value)| to[row] = value);
                }
                entries = drawn.data.into();
            }
        }
        Ok(())
    }

    /// `n` independent draws as rows, with the component of each: the rows of [`sample_rows`](SampleRows::sample_rows).
    ///
    /// # Errors
    ///
    /// Those of the components; none for those of this crate.
    pub fn sample_labelled_rows<R: Rng + ?Sized>(
        &self,
        n: usize,
        rng: &mut R,
    ) -> Result<(DMatrix<C::Scalar>, Vec<usize>), DistributionError> {
        let mut rows = room(n, self.dimension())?;
        let mut labels = Vec::with_capacity(n);
        self.sample_rows_by(rng, &mut rows, |rng| {
            let label = self.weights.sample(rng);
            labels.push(label);
            label
        })?;
        Ok((rows, labels))
    }

    /// `n` rows of which each component gives its exact share, grouped by component: n wₖ rows where these are whole numbers, else the
    /// whole numbers next to them, by largest remainder.
    ///
    /// Not independent draws: the counts do not vary. It is the draw of the blog post that this crate started from.
    ///
    /// # Errors
    ///
    /// Those of the components; none for those of this crate.
    pub fn stratified_rows<R: Rng + ?Sized>(
        &self,
        n: usize,
        rng: &mut R,
    ) -> Result<DMatrix<C::Scalar>, DistributionError> {
        let mut rows = room(n, self.dimension())?;
        let shares: Vec<_> = self.weights().iter().map(|&w| to_f64(w) * n as f64).collect();
        // A share that is a whole number up to rounding counts as one.
        let mut counts: Vec<_> = shares.iter().map(|share| (share * (1.0 + 1e-12)).floor() as usize).collect();
        let excess = |k: usize| counts[k] as f64 - shares[k];
        let mut by_remainder: Vec<_> = (0..shares.len()).collect();
        by_remainder.sort_by(|&a, &b| excess(a).total_cmp(&excess(b)));
        let missing = n.saturating_sub(counts.iter().sum());
        for &k in by_remainder.iter().cycle().take(missing) {
            counts[k] += 1;
        }
        let mut labels = counts.iter().enumerate().flat_map(|(k, &count)| std::iter::repeat_n(k, count));
        self.sample_rows_by(rng, &mut rows, |_| labels.next().unwrap_or_default())?; // they are n or more
        Ok(rows)
    }
}

impl<C: SampleRows + MultiDistribution<C::Scalar>> MultiDistribution<C::Scalar> for Mixture<C> {
    fn sample_len(&self) -> usize {
        self.dimension()
    }

    fn sample_to_slice<R: Rng + ?Sized>(&self, rng: &mut R, output: &mut [C::Scalar]) {
        self.components[self.weights.sample(rng)].sample_to_slice(rng, output);
    }
}

impl<C: SampleRows + Distribution<DVector<C::Scalar>>> Distribution<DVector<C::Scalar>> for Mixture<C> {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> DVector<C::Scalar> {
        self.components[self.weights.sample(rng)].sample(rng)
    }
}

/// In an order of chance, which takes the numbers of the generator by blocks of 4096 rows: first the components of all rows of a block, then all
/// draws from the first component, all from the second, ..., each in the order of their rows.
impl<C: SampleRows> SampleRows for Mixture<C> {
    fn sample_rows_to<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        out: &mut DMatrix<C::Scalar>,
    ) -> Result<(), DistributionError> {
        check_dimension("the output row", self.dimension(), out.ncols())?;
        self.sample_rows_by(rng, out, |rng| self.weights.sample(rng))
    }
}

impl<C: Moments> Moments for Mixture<C> {
    fn mean(&self) -> DVector<C::Scalar> {
        let weighted = self.components.iter().zip(self.weights()).map(|(component, &w)| component.mean() * w);
        weighted.fold(DVector::zeros(self.dimension()), |sum, mean| sum + mean)
    }

    fn covariance(&self) -> DMatrix<C::Scalar> {
        let mean = self.mean();
        let dimension = self.dimension();
        // One of weight 0 may be so far away that its offset has no square.
        let counted = || self.components.iter().zip(self.weights()).filter(|&(_, &w)| w > real(0.0));
        // What the mean lost by rounding.
        let lost =
            counted().fold(DVector::zeros(dimension), |lost, (component, &w)| lost + (component.mean() - &mean) * w);
        counted().fold(DMatrix::zeros(dimension, dimension), |sum, (component, &w)| {
            let offset = component.mean() - &mean - &lost;
            sum + (component.covariance() + &offset * offset.transpose()) * w
        })
    }
}

impl<C: AffineImage> AffineImage for Mixture<C> {
    fn affine_image(
        &self,
        matrix: &DMatrix<C::Scalar>,
        offset: &DVector<C::Scalar>,
    ) -> Result<Self, DistributionError> {
        self.map_components(|component| component.affine_image(matrix, offset))
    }
}
