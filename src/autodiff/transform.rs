//! From recorded computations to derivatives.

use super::params::Gradients;
use super::{Params, Path, Tape, TapeError, Var, rules};
use crate::real::{Real, to_f64};

impl<T: Real> Tape<T> {
    /// The gradients of the 1 × 1 variable `y` with respect to `wrt`, as variables on the same tape.
    ///
    /// A variable on which `y` does not depend has the gradient 0. Costs at most about three times the recorded computation, and
    /// only nodes between `wrt` and `y` are visited.
    pub fn grad<'t, const N: usize>(&'t self, y: Var<'t, T>, wrt: [Var<'t, T>; N]) -> [Var<'t, T>; N] {
        let (rows, columns) = y.shape();
        if self.check().is_ok() && (rows, columns) != (1, 1) {
            self.fail(TapeError::NotScalar { rows, columns });
        }
        self.vjp(y, self.scalar(T::one()), wrt)
    }

    /// The products of `cotangent`, which has the shape of `y`, with the Jacobians of `y` with respect to `wrt`.
    ///
    /// ```
    /// use fenchel::{Tape, nalgebra::DMatrix};
    ///
    /// # fn main() -> Result<(), fenchel::TapeError> {
    /// let tape = Tape::new();
    /// let x = tape.var(&DMatrix::from_row_slice(1, 2, &[1.0, 2.0]));
    /// let u = tape.var(&DMatrix::from_row_slice(1, 2, &[10.0, 1.0]));
    /// let [product] = tape.vjp(x.square(), u, [x]);
    /// assert_eq!(product.to_matrix()?, DMatrix::from_row_slice(1, 2, &[20.0, 4.0]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn vjp<'t, const N: usize>(
        &'t self,
        y: Var<'t, T>,
        cotangent: Var<'t, T>,
        wrt: [Var<'t, T>; N],
    ) -> [Var<'t, T>; N] {
        let mut products = wrt;
        self.vjp_mut(y, cotangent, &mut products);
        products
    }

    /// [`vjp`](Self::vjp) for a number of variables known at run time: overwrites each with its product.
    pub fn vjp_mut<'t>(&'t self, y: Var<'t, T>, cotangent: Var<'t, T>, wrt: &mut [Var<'t, T>]) {
        if !(y.is_on(self) && cotangent.is_on(self) && wrt.iter().all(|x| x.is_on(self))) {
            self.fail(TapeError::MixedTapes);
        }
        if self.check().is_ok() && cotangent.shape() != y.shape() {
            self.fail(TapeError::ShapeMismatch { op: "vjp", left: y.shape(), right: cotangent.shape() });
        }
        if self.check().is_err() {
            wrt.fill(Var::failed(self));
            return;
        }
        let mut walk = self.take_walk();
        let end = y.index() + 1;

        // Mark first what lies between the inputs asked for and y; nothing else is ever differentiated.
        walk.on_path.clear();
        walk.on_path.resize(end, false);
        for x in wrt.iter().filter(|x| x.index() < end) {
            walk.on_path[x.index()] = true;
        }
        let start = wrt.iter().map(|x| x.index()).min().unwrap_or(end);
        for index in start..end {
            walk.on_path[index] = walk.on_path[index] || self.op(index).parents().any(|parent| walk.on_path[parent]);
        }

        // Then walk down. A node without an adjoint has adjoint zero, which is never stored.
        walk.adjoint.clear();
        walk.adjoint.resize(end, None);
        walk.adjoint[y.index()] = Some(cotangent.index());
        for index in (start..end).rev() {
            let Some(adjoint) = walk.adjoint[index] else { continue };
            if !self.op(index).parents().any(|parent| walk.on_path[parent]) {
                continue; // an input asked for: what is below it is nobody's business
            }
            let (on_path, adjoints) = (&walk.on_path, &mut walk.adjoint);
            let emit = |parent: usize, more: Var<'t, T>| {
                if on_path[parent] {
                    let so_far = adjoints[parent];
                    adjoints[parent] = Some(so_far.map_or(more, |so_far| Var::new(self, so_far) + more).index());
                }
            };
            rules::adjoints(self, index, Var::new(self, adjoint), |parent| on_path[parent], emit);
        }
        for x in wrt {
            *x = match walk.adjoint.get(x.index()).copied().flatten() {
                Some(adjoint) => Var::new(self, adjoint),
                None => self.filled(x.shape().0, x.shape().1, T::zero()),
            };
        }
        self.return_walk(walk);
    }
}

/// Evaluates a loss at `params` and writes its gradient, leaf by leaf, to `gradients`.
///
/// The tape is cleared, the parameters are put on it, and `loss` records its computation and returns the 1 × 1 result. Buffers
/// of the tape and of `gradients` are kept from call to call.
///
/// # Errors
///
/// The first failure on the tape (a shape mismatch, variables of two tapes), a result that is not 1 × 1, or a loss that is not finite;
/// `gradients` then holds no meaningful numbers. A finite loss can have a gradient that is not; an optimiser errs on it.
///
/// ```
/// use fenchel::autodiff::{Gradients, Tape, value_and_grad};
/// use fenchel::nalgebra::DMatrix;
///
/// # fn main() -> Result<(), fenchel::TapeError> {
/// let x = DMatrix::from_row_slice(1, 2, &[3.0, 4.0]);
/// let (mut tape, mut gradients) = (Tape::new(), Gradients::new());
/// let value = value_and_grad(&mut tape, &x, &mut gradients, |_, x| x.square().sum())?;
/// assert_eq!(value, 25.0);
/// assert_eq!(gradients.leaves()[0], 2.0 * x);
/// # Ok(())
/// # }
/// ```
pub fn value_and_grad<T, P, F>(
    tape: &mut Tape<T>,
    params: &P,
    gradients: &mut Gradients<T>,
    loss: F,
) -> Result<T, TapeError>
where
    T: Real,
    P: Params<T>,
    F: for<'t> FnOnce(&'t Tape<T>, &P::Lifted<'t>) -> Var<'t, T>,
{
    tape.clear();
    let tape = &*tape;
    let lifted = params.lift(tape);
    tape.check()?;
    let mut expected = 0;
    params.visit(&Path::root(), &mut |_, _| expected += 1);
    let leaves = tape.len();
    if leaves != expected {
        return Err(TapeError::LiftedLeaves { expected, found: leaves });
    }
    let y = loss(tape, &lifted);
    if !y.is_on(tape) {
        return Err(TapeError::MixedTapes);
    }
    let value = y.to_scalar()?;
    if !value.is_finite() {
        return Err(TapeError::NonFiniteLoss { value: to_f64(value) });
    }
    let mut wrt: Vec<_> = (0..leaves).map(|index| Var::new(tape, index)).collect();
    tape.vjp_mut(y, tape.scalar(T::one()), &mut wrt);
    gradients.copy_from(&wrt)?;
    Ok(value)
}
