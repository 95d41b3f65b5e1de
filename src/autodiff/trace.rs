//! What is on a tape, in words and in pictures.

use std::fmt::Write as _;

use super::Tape;
use super::op::{Factor, Op};
use crate::real::{Real, to_f64};

/// The first node of a tape that holds a value which is not finite, or the first with a NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct NonFinite {
    /// The node, counted from 0 in the order of recording.
    pub node: usize,
    /// Its operation.
    pub op: &'static str,
    /// Where it is from: the path of a layer or of a parameter, such as `2.weight`; empty outside of all.
    pub path: String,
    /// 0 for what was computed, 1 for its gradient, 2 for the gradient of that, ...
    pub order: usize,
    /// The row of the first such entry.
    pub row: usize,
    /// Its column.
    pub column: usize,
    /// Its value.
    pub value: f64,
    /// The nodes that it was computed from.
    pub parents: Vec<usize>,
}

impl<T: Real> Tape<T> {
    /// The first node that holds a NaN or an infinity, if any does: the one to look at when a loss is not finite.
    ///
    /// ```
    /// use fenchel::{Tape, nalgebra::DMatrix};
    ///
    /// let tape = Tape::new();
    /// let x = tape.var(&DMatrix::from_row_slice(1, 3, &[1.0, -1.0, 4.0]));
    /// let loss = tape.scope("roots", || x.sqrt()).sum();
    /// let first = tape.first_non_finite().expect("the root of -1");
    /// assert_eq!((first.op, first.path.as_str(), first.row, first.column), ("Map", "roots", 0, 1));
    /// ```
    pub fn first_non_finite(&self) -> Option<NonFinite> {
        self.first(|x| !x.is_finite())
    }

    /// The first node that holds a NaN, if any does: infinities may be meant, as a mask is.
    pub fn first_nan(&self) -> Option<NonFinite> {
        self.first(|x| x.partial_cmp(&x).is_none())
    }

    fn first(&self, is_meant: impl Fn(T) -> bool) -> Option<NonFinite> {
        (0..self.len()).find_map(|node| {
            let (row, column, value) = self.peek(node, |entries, (rows, _)| {
                let index = entries.iter().position(|&x| is_meant(x))?;
                Some((index % rows, index / rows, to_f64(entries[index])))
            })?;
            let (op, origin) = (self.op(node), self.origin(node));
            Some(NonFinite {
                node,
                op: op.name(),
                path: self.place(origin),
                order: origin.order,
                row,
                column,
                value,
                parents: op.operands().collect(),
            })
        })
    }

    /// The tape as a table: for every node its number, operation, shape and the layer or parameter that it is from, with one `'` for each
    /// time that a gradient was taken.
    ///
    /// ```
    /// let tape = fenchel::Tape::new();
    /// let x = tape.scalar(2.0_f64);
    /// tape.grad(x.tanh(), [x]);
    /// assert!(tape.dump().lines().nth(1).is_some_and(|line| line.starts_with("   1  Map(0, Tanh)")));
    /// ```
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for node in 0..self.len() {
            let (rows, columns) = self.shape_of(node);
            let (op, origin) = (self.describe(node), self.origin(node));
            let path = self.place(origin) + &"'".repeat(origin.order);
            let line = format!("{node:4}  {op:32} {rows:5} x {columns:<5} {path}");
            text += line.trim_end();
            text += "\n";
        }
        if let Err(failure) = self.check() {
            let _ = writeln!(text, "failed here: {failure}");
        }
        text
    }

    /// The tape as a graph in the DOT language of Graphviz: `dot -Tsvg` draws it. Nodes of one layer share a box.
    pub fn to_dot(&self) -> String {
        let mut text = String::from("digraph tape {\n  rankdir=TB; node [shape=box, fontname=monospace];\n");
        let mut boxes: Vec<(String, Vec<usize>)> = Vec::new();
        for node in 0..self.len() {
            let origin = self.origin(node);
            let path = self.place(origin) + &"'".repeat(origin.order);
            match boxes.iter_mut().find(|(name, _)| *name == path) {
                Some((_, nodes)) => nodes.push(node),
                None => boxes.push((path, vec![node])),
            }
        }
        for (number, (path, nodes)) in boxes.iter().enumerate() {
            // What is from no layer has no box. Writing to a String cannot fail.
            let boxed = path.chars().any(|c| c != '\'');
            if boxed {
                let label = path.replace('\\', "\\\\").replace('"', "\\\"");
                let _ = writeln!(text, "  subgraph cluster_{number} {{ label=\"{label}\";");
            }
            for &node in nodes {
                let (rows, columns) = self.shape_of(node);
                let op = self.describe(node);
                let _ = writeln!(text, "    n{node} [label=\"{node}: {op}\\n{rows} x {columns}\"];");
            }
            text += if boxed { "  }\n" } else { "" };
        }
        for node in 0..self.len() {
            for parent in self.op(node).operands() {
                let _ = writeln!(text, "  n{parent} -> n{node};");
            }
        }
        text + "}\n"
    }

    /// The operation and its parents, in short: `MatMul(0, 3')`.
    fn describe(&self, node: usize) -> String {
        let factor = |factor: Factor| format!("{}{}", factor.node, if factor.transposed { "'" } else { "" });
        let op = self.op(node);
        match op {
            Op::Leaf => op.name().to_owned(),
            Op::MatMul(a, b) => format!("MatMul({}, {})", factor(a), factor(b)),
            Op::Shift(a, constant) | Op::Scale(a, constant) => format!("{}({a}, {constant})", op.name()),
            Op::Map(a, function) => format!("Map({a}, {function:?})"),
            Op::MapMul(a, b, function) => format!("MapMul({a}, {b}, {function:?})"),
            Op::Gather(a, number) | Op::ScatterAdd(a, number) => {
                let selection = self.selection(number).map_or_else(String::new, |selection| format!("{selection:?}"));
                format!("{}({a}, {selection})", op.name())
            }
            _ => {
                let parents: Vec<_> = op.operands().map(|parent| parent.to_string()).collect();
                format!("{}({})", op.name(), parents.join(", "))
            }
        }
    }
}
