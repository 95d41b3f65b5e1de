//! Losses of classifiers.

use crate::autodiff::{TapeError, Var};
use crate::real::{Real, real};

/// −(1/n) Σᵢ ln p(labelᵢ | xᵢ): the mean negative log-likelihood of the labels, in nats, 1 × 1.
///
/// `ln_probabilities` has a row for each label and a column for each class, as [`LogSoftmax`](super::LogSoftmax) gives them. Its least value is the entropy of
/// the labels given the data.
///
/// Costs an exponential for each class of each row, forward and back.
///
/// A row too few or too many, a label that is no column, no rows at all: failures that are noted on the tape.
///
/// ```
/// use fenchel::nn::cross_entropy;
/// use fenchel::{Tape, TapeError};
///
/// let tape = Tape::new();
/// let undecided = tape.filled(3, 4, 1.0_f64).ln_softmax();
/// let loss = cross_entropy(undecided, &[0, 3, 2]).to_scalar().unwrap();
/// assert!((loss - 4.0_f64.ln()).abs() < 1e-15);
/// let error = cross_entropy(undecided, &[0, 4, 2]).to_scalar();
/// assert_eq!(error, Err(TapeError::NoSuchClass { row: 1, label: 4, classes: 4 }));
/// ```
pub fn cross_entropy<'t, T: Real>(ln_probabilities: Var<'t, T>, labels: &[usize]) -> Var<'t, T> {
    let (tape, (rows, classes)) = (ln_probabilities.tape(), ln_probabilities.shape());
    if tape.check().is_ok() && rows != labels.len() {
        let (left, right) = ((rows, classes), (labels.len(), classes));
        return tape.fail(TapeError::ShapeMismatch { op: "cross_entropy", left, right });
    }
    if let Some(row) = labels.iter().position(|&label| label >= classes) {
        return tape.fail(TapeError::NoSuchClass { row, label: labels[row], classes });
    }
    // ln Σ eˣ over the label alone, which is x: times 0, a class that is impossible would be no number.
    let but_label = tape.from_fn(
        rows,
        classes,
        |row, class| {
            if labels[row] == class { T::zero() } else { real(f64::NEG_INFINITY) }
        },
    );
    -(ln_probabilities + but_label).ln_sum_exp().mean()
}
