//! Finite mixtures.

use nalgebra::{ComplexField, DMatrix, DVector};
use rand::Rng;
use rand::distr::Distribution;

use super::{
    AffineImage, Categorical, Density, DistributionError, Law, Moments, SampleRows, check_dimension, check_size,
    checked_ln_pdf_rows,
};
use crate::real::to_f64;
use crate::special::ln_sum_exp;

/// Rows scored at a time.
const BLOCK: usize = 512;

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
        let dimension = components.first().ok_or(DistributionError::NoComponents)?.dimension();
        if weights.len() != components.len() {
            return Err(DistributionError::CountMismatch { weights: weights.len(), components: components.len() });
        }
        for component in &components {
            check_dimension("a component", dimension, component.dimension())?;
        }
        let weights = Categorical::new(weights)?;
        let ln_weights = weights.probabilities().iter().map(|&w| w.ln()).collect();
        Ok(Self { weights, ln_weights, components })
    }

    /// The probabilities of the components; they sum to 1.
    pub fn weights(&self) -> &[C::Scalar] {
        self.weights.probabilities()
    }

    /// The components.
    pub fn components(&self) -> &[C] {
        &self.components
    }
}

impl<C: Law> Law for Mixture<C> {
    type Scalar = C::Scalar;

    fn dimension(&self) -> usize {
        self.components[0].dimension()
    }
}

impl<C: Density> Density for Mixture<C> {
    fn ln_pdf_rows(&self, rows: &DMatrix<C::Scalar>) -> Result<DVector<C::Scalar>, DistributionError> {
        check_dimension("the row", self.dimension(), rows.ncols())?;
        let mut ln_pdf = DVector::zeros(rows.nrows());
        let mut terms = self.ln_weights.clone();
        // In blocks, so that memory does not grow with rows times components.
        for start in (0..rows.nrows()).step_by(BLOCK) {
            let block = rows.rows(start, BLOCK.min(rows.nrows() - start)).into_owned();
            let by_component: Vec<_> = self
                .components
                .iter()
                .map(|component| checked_ln_pdf_rows(component, &block))
                .collect::<Result<_, _>>()?;
            for row in 0..block.nrows() {
                for ((term, &ln_weight), component) in terms.iter_mut().zip(&self.ln_weights).zip(&by_component) {
                    *term = ln_weight + component[row];
                }
                ln_pdf[start + row] = ln_sum_exp(&terms);
            }
        }
        Ok(ln_pdf)
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
        let images = self.components.iter().map(|component| component.affine_image(matrix, offset));
        let components = images.collect::<Result<_, _>>()?;
        Ok(Self { weights: self.weights.clone(), ln_weights: self.ln_weights.clone(), components })
    }
}
