//! The adjoint table: for every operation, what a change of its result asks of its parents.
//!
//! The rules are written with the operations themselves, on the same tape. A gradient is therefore an ordinary variable and
//! can be differentiated again.

use super::op::Op;
use super::{Entrywise, Tape, Var};
use crate::elementary::{Derivative, Function};
use crate::real::Real;

/// Hands the adjoints of the parents of node `index` to `emit`, given `g`, the adjoint of the node. Parents for which `wanted` is
/// false are passed over, at no cost.
pub(crate) fn adjoints<'t, T: Real>(
    tape: &'t Tape<T>,
    index: usize,
    g: Var<'t, T>,
    wanted: impl Fn(usize) -> bool,
    mut emit: impl FnMut(usize, Var<'t, T>),
) {
    let node = |index| Var::new(tape, index);
    let y = node(index);
    match tape.op(index) {
        Op::Leaf | Op::Detach(_) => {}
        Op::Add(a, b) => {
            emit(a, g);
            emit(b, g);
        }
        Op::Sub(a, b) => {
            emit(a, g);
            if wanted(b) {
                emit(b, -g);
            }
        }
        Op::ComponentMul(a, b) => {
            if wanted(a) {
                emit(a, g.component_mul(node(b)));
            }
            if wanted(b) {
                emit(b, g.component_mul(node(a)));
            }
        }
        Op::ComponentDiv(a, b) => {
            let quotient = g.component_div(node(b));
            emit(a, quotient);
            if wanted(b) {
                emit(b, -quotient.component_mul(y));
            }
        }
        Op::Max(a, b) => {
            let larger = (node(a) - node(b)).step(0.0);
            emit(a, g.component_mul(larger));
            if wanted(b) {
                emit(b, g.component_mul(larger.scale(-T::one()).shift(T::one())));
            }
        }
        Op::Shift(a, _) => emit(a, g),
        Op::Scale(a, constant) => emit(a, g.scale(constant)),
        Op::Map(a, function) => {
            if let Some(slope) = times_slope(function, || g, node(a), || y) {
                emit(a, slope);
            }
        }
        Op::MapMul(a, b, function) => {
            if wanted(a) {
                let g = || g.component_mul(node(b));
                if let Some(slope) = times_slope(function, g, node(a), || node(a).map(function)) {
                    emit(a, slope);
                }
            }
            if wanted(b) {
                emit(b, times_map(g, node(a), function));
            }
        }
        // Y = A B: dA = G Bᵀ and dB = Aᵀ G; a transposed factor gets the transpose of that.
        Op::MatMul(a, b) => {
            let factor = |v: Var<'t, T>| super::op::Factor { node: v.index(), transposed: false };
            if wanted(b.node) {
                let (left, right) = (a.transpose(), factor(g));
                let product = if b.transposed { (right.transpose(), left.transpose()) } else { (left, right) };
                emit(b.node, tape.push(Op::MatMul(product.0, product.1)));
            }
            // Last, because it can be finished by what most often comes next: the slope of the layer before.
            if wanted(a.node) {
                let (left, right) = (factor(g), b.transpose());
                let product = if a.transposed { (right.transpose(), left.transpose()) } else { (left, right) };
                emit(a.node, tape.push(Op::MatMul(product.0, product.1)));
            }
        }
        Op::Affine(x, weight, bias) => {
            if wanted(weight) {
                emit(weight, node(x).tr_mul(g));
            }
            if wanted(bias) {
                emit(bias, g.sum_rows());
            }
            if wanted(x) {
                emit(x, g.mul_tr(node(weight)));
            }
        }
        Op::Transpose(a) => emit(a, g.transpose()),
        Op::Sum(a) => {
            let (rows, columns) = node(a).shape();
            emit(a, g.fill(rows, columns));
        }
        Op::Fill(a, ..) => emit(a, g.sum()),
        Op::SumRows(a) => emit(a, g.repeat_rows(node(a).shape().0)),
        Op::RepeatRows(a, _) => emit(a, g.sum_rows()),
        Op::SumColumns(a) => emit(a, g.repeat_columns(node(a).shape().1)),
        Op::RepeatColumns(a, _) => emit(a, g.sum_columns()),
        Op::LnSumExp(a) => {
            let columns = node(a).shape().1;
            emit(a, g.repeat_columns(columns).component_mul(node(a).ln_softmax().exp()));
        }
        Op::LnSoftmax(a) => {
            let columns = y.shape().1;
            emit(a, g - g.sum_columns().repeat_columns(columns).component_mul(y.exp()));
        }
        Op::Reshape(a, ..) => {
            let (rows, columns) = node(a).shape();
            emit(a, g.reshape(rows, columns));
        }
        Op::Gather(a, selection) => emit(a, tape.push(Op::ScatterAdd(g.index(), selection))),
        Op::ScatterAdd(a, selection) => emit(a, tape.push(Op::Gather(g.index(), selection))),
    }
}

/// g f′(x), entry by entry, where f(x) is y; none if that is 0 everywhere. Records neither g nor y where they are not needed.
fn times_slope<'t, T: Real>(
    function: Function,
    g: impl FnOnce() -> Var<'t, T>,
    x: Var<'t, T>,
    y: impl Fn() -> Var<'t, T>,
) -> Option<Var<'t, T>> {
    match function.derivative(Entrywise(x), || Entrywise(y())) {
        Derivative::Zero => None,
        Derivative::OfX(slope) => Some(times_map(g(), x, slope)),
        Derivative::OfValue(slope) => Some(times_map(g(), y(), slope)),
        Derivative::Formula(slope) => Some(g().component_mul(slope.0)),
    }
}

fn times_map<'t, T: Real>(g: Var<'t, T>, x: Var<'t, T>, function: Function) -> Var<'t, T> {
    g.tape().push(Op::MapMul(x.index(), g.index(), function))
}
