//! What a mixture says of rows: their density, and where they are from.

use nalgebra::{DMatrix, DVector};

use super::{Density, DistributionError, Law, Mixture, check_dimension, check_size};
use crate::real::{Real, real, to_f64};
use crate::vector::{READ_ROWS, ln_sum_exp_rows, responsibilities};

/// Rows scored at a time.
const BLOCK: usize = 2 * READ_ROWS;

impl<C: Density> Density for Mixture<C> {
    fn ln_pdf_rows(&self, rows: &DMatrix<C::Scalar>) -> Result<DVector<C::Scalar>, DistributionError> {
        let mut ln_pdf = DVector::zeros(rows.nrows());
        self.for_each_block(rows, |start, terms, ln_sums| {
            ln_sum_exp_rows(terms, ln_sums);
            ln_pdf.rows_mut(start, ln_sums.len()).copy_from_slice(ln_sums);
            Ok(())
        })?;
        Ok(ln_pdf)
    }
}

impl<C: Density> Mixture<C> {
    /// P(component | row), one row for each row and one column for each component: wₖ pₖ(x)/Σⱼ wⱼ pⱼ(x). Rows sum to 1, also far
    /// out, where the densities underflow and only their logarithms are left.
    ///
    /// ```
    /// use fenchel::distribution::{Gaussian, Mixture};
    /// use fenchel::nalgebra::{DMatrix, DVector};
    ///
    /// # fn main() -> Result<(), fenchel::DistributionError> {
    /// let law = |mean: f64| Gaussian::new(DVector::from_element(1, mean), DMatrix::identity(1, 1));
    /// let mixture = Mixture::new(&[1.0, 1.0], vec![law(-1.0)?, law(1.0)?])?;
    /// let posterior = mixture.responsibilities(&DMatrix::from_element(1, 1, 3.0))?;
    /// assert!((posterior[(0, 1)] - fenchel::special::sigmoid(6.0)).abs() < 1e-15); // the log odds are 2x
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`DimensionMismatch`](DistributionError::DimensionMismatch); [`NoDensity`](DistributionError::NoDensity) at a row where
    /// the log density is −∞ or NaN; [`TooLarge`](DistributionError::TooLarge).
    pub fn responsibilities(&self, rows: &DMatrix<C::Scalar>) -> Result<DMatrix<C::Scalar>, DistributionError> {
        check_size::<C::Scalar>(rows.nrows(), self.components().len())?;
        let mut posterior = DMatrix::zeros(rows.nrows(), self.components().len());
        self.for_each_block(rows, |start, terms, ln_sums| {
            responsibilities(terms, ln_sums);
            check_terms(start, ln_sums)?;
            for (mut column, shares) in posterior.column_iter_mut().zip(terms.chunks_exact(ln_sums.len())) {
                column.rows_mut(start, ln_sums.len()).copy_from_slice(shares);
            }
            Ok(())
        })?;
        Ok(posterior)
    }

    /// The likeliest component of every row; of equals the first.
    ///
    /// # Errors
    ///
    /// Those of [`responsibilities`](Self::responsibilities), but for [`TooLarge`](DistributionError::TooLarge).
    pub fn predict(&self, rows: &DMatrix<C::Scalar>) -> Result<Vec<usize>, DistributionError> {
        let mut labels = Vec::with_capacity(rows.nrows());
        self.for_each_block(rows, |start, terms, room| {
            let size = room.len();
            room.fill(real(f64::NEG_INFINITY));
            labels.resize(start + size, 0);
            for (k, of_component) in terms.chunks_exact(size).enumerate() {
                for ((label, best), &term) in labels[start..].iter_mut().zip(&mut *room).zip(of_component) {
                    if term > *best || term.partial_cmp(&term).is_none() {
                        (*label, *best) = (k, term);
                    }
                }
            }
            check_terms(start, room)
        })?;
        Ok(labels)
    }

    /// Hands on ln wₖ + ln pₖ(x) of a block of rows, one component after another, with room for one number a row, and the first row's place.
    fn for_each_block(
        &self,
        rows: &DMatrix<C::Scalar>,
        mut visit: impl FnMut(usize, &mut Vec<C::Scalar>, &mut Vec<C::Scalar>) -> Result<(), DistributionError>,
    ) -> Result<(), DistributionError> {
        check_dimension("the row", self.dimension(), rows.ncols())?;
        let (mut terms, mut ln_sums) = (Vec::new(), Vec::new());
        // In blocks, so that memory does not grow with rows times components.
        for start in (0..rows.nrows()).step_by(BLOCK) {
            let size = BLOCK.min(rows.nrows() - start);
            terms.resize(size * self.components().len(), real(0.0));
            for (k, of_component) in terms.chunks_exact_mut(size).enumerate() {
                self.components()[k].ln_pdf_rows_to(rows, start, of_component)?;
                of_component.iter_mut().for_each(|term| *term += self.ln_weights()[k]);
            }
            ln_sums.resize(size, real(0.0));
            visit(start, &mut terms, &mut ln_sums)?;
        }
        Ok(())
    }
}

/// Errs at the first row, counted from `start`, where a log density is infinite or NaN.
fn check_terms<T: Real>(start: usize, ln_pdf: &[T]) -> Result<(), DistributionError> {
    match ln_pdf.iter().position(|ln_pdf| !ln_pdf.is_finite()) {
        Some(row) => Err(DistributionError::NoDensity { row: start + row, ln_pdf: to_f64(ln_pdf[row]) }),
        None => Ok(()),
    }
}
