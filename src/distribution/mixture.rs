//! Finite mixtures.

use nalgebra::{ComplexField, DMatrix, DVector};
use rand::Rng;
use rand::distr::Distribution;
use rand_distr::multi::MultiDistribution;

use super::{AffineImage, Categorical, DistributionError, Law, Moments, SampleRows, check_dimension, check_size};
use crate::real::{real, to_f64};
use crate::special::{largest, ln_sum_exp};

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

/// Errs unless there are components, all of one dimension, and one weight for each.
fn check_components<C: Law>(weights: usize, components: &[C]) -> Result<(), DistributionError> {
    let dimension = components.first().ok_or(DistributionError::NoComponents)?.dimension();
    if weights != components.len() {
        return Err(DistributionError::CountMismatch { weights, components: components.len() });
    }
    components.iter().try_for_each(|component| check_dimension("a component", dimension, component.dimension()))
}

impl<C: Law> Law for Mixture<C> {
    type Scalar = C::Scalar;

    fn dimension(&self) -> usize {
        self.components[0].dimension()
    }
}

impl<C: SampleRows> Mixture<C> {
    /// Draws from the components as told by `labels`, in the order of `labels`.
    fn sample_rows_of<R: Rng + ?Sized>(
        &self,
        labels: &[usize],
        rng: &mut R,
        out: &mut DMatrix<C::Scalar>,
    ) -> Result<(), DistributionError> {
        for (label, component) in self.components.iter().enumerate() {
            let places: Vec<_> = (0..labels.len()).filter(|&row| labels[row] == label).collect();
            let drawn = component.sample_rows(places.len(), rng)?;
            for (from, mut to) in drawn.column_iter().zip(out.column_iter_mut()) {
                for (&place, &value) in places.iter().zip(from.iter()) {
                    to[place] = value;
                }
            }
        }
        Ok(())
    }

    /// `n` independent draws as rows, with the component of each.
    ///
    /// # Errors
    ///
    /// Those of the components; none for those of this crate.
    pub fn sample_labelled_rows<R: Rng + ?Sized>(
        &self,
        n: usize,
        rng: &mut R,
    ) -> Result<(DMatrix<C::Scalar>, Vec<usize>), DistributionError> {
        check_size::<C::Scalar>(n, self.dimension())?;
        let labels: Vec<_> = (0..n).map(|_| self.weights.sample(rng)).collect();
        let mut rows = DMatrix::zeros(n, self.dimension());
        self.sample_rows_of(&labels, rng, &mut rows)?;
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
        check_size::<C::Scalar>(n, self.dimension())?;
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
        let labels: Vec<_> = counts.iter().enumerate().flat_map(|(k, &c)| std::iter::repeat_n(k, c)).take(n).collect();
        let mut rows = DMatrix::zeros(n, self.dimension());
        self.sample_rows_of(&labels, rng, &mut rows)?;
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

impl<C: SampleRows> SampleRows for Mixture<C> {
    fn sample_rows_to<R: Rng + ?Sized>(
        &self,
        rng: &mut R,
        out: &mut DMatrix<C::Scalar>,
    ) -> Result<(), DistributionError> {
        check_dimension("the output row", self.dimension(), out.ncols())?;
        let labels: Vec<_> = (0..out.nrows()).map(|_| self.weights.sample(rng)).collect();
        self.sample_rows_of(&labels, rng, out)
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
        self.components.iter().zip(self.weights()).fold(DMatrix::zeros(dimension, dimension), |sum, (component, &w)| {
            let offset = component.mean() - &mean;
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
