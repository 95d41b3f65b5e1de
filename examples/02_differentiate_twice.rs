//! Gradient, Hessian, Hessian-vector product, and Newton's way down a valley: `cargo run --release --example 02_differentiate_twice`
#![allow(clippy::print_stdout)] // it is a program
mod support;

use fenchel::nalgebra::DMatrix;
use fenchel::{SampleReal, Tape, Var};
use support::chart::{Chart, DARK, RED, chart_figure};
use support::{arguments::Arguments, course::Failure, grid::Plane};

/// Rosenbrock's (1 − a)² + 100 (b − a²)² of every row (a, b). The minimum is 0 at (1, 1).
fn rosenbrock(x: Var<'_, f64>) -> Var<'_, f64> {
    let (a, b) = (x.columns(0, 1), x.columns(1, 1));
    a.shift(-1.0).square() + (b - a.square()).square().scale(100.0)
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::of("02_differentiate_twice", "Second derivatives, and Newton's method.")?;
    let mut rng = arguments.rng();
    let u = DMatrix::from_fn(1, 2, |_, _| f64::standard_normal(&mut rng));
    let (mut at, mut path, mut report) = (DMatrix::from_row_slice(1, 2, &[-1.2, 1.0]), Vec::new(), String::new());
    for step in 0..=if arguments.quick { 3 } else { 6 } {
        let tape = Tape::new();
        let x = tape.var(&at);
        let y = rosenbrock(x);
        // A gradient is a variable on the tape like any other. Its Jacobian is the Hessian.
        let [gradient] = tape.grad(y, [x]);
        let (gradient, hessian) = (gradient.to_matrix()?, tape.jacobian(gradient, x).to_matrix()?);
        let (a, b, f) = (at[0], at[1], y.to_scalar()?);
        if step == 0 {
            let exact = [1200.0 * a * a - 400.0 * b + 2.0, -400.0 * a, -400.0 * a, 200.0];
            let (product, multiplied) = (tape.hvp(y, x, tape.var(&u)).to_matrix()?, &u * &hessian);
            report +=
                &format!("Hessian at ({a}, {b}) by the tape {:.3?}\n    by hand {exact:.3?}\n", hessian.as_slice());
            report += &format!("times {:.3?} by hvp {:.3?}\n", u.as_slice(), product.as_slice());
            report += &format!("    multiplied out {:.3?}\n\n", multiplied.as_slice());
            report += "step           a           b           f    |gradient|\n";
        }
        report += &format!("{step:>4}{a:>12.6}{b:>12.6}{f:>12.2e}{:>14.2e}\n", gradient.norm());
        path.push((a, b));
        at -= hessian.lu().solve(&gradient.transpose()).ok_or(Failure::because("singular Hessian"))?.transpose();
    }
    let (tape, plane) = (Tape::new(), Plane { x: (-2.8, 2.8), y: (-3.5, 2.0), nodes: 201 });
    let height = rosenbrock(tape.var(&plane.points())).to_matrix()?.column(0).map(|f: f64| 1.0 / (1.0 + f));
    let valley = plane.grid(&height);
    let (lines, points) = (vec![("Newton's steps", RED, path.clone())], vec![("iterates", DARK, path)]);
    let chart = Chart { density: Some(&valley), lines, points, ..Chart::new("Rosenbrock's valley", ["a", "b"]) };
    chart_figure(&[chart], 1, &arguments.out.join("02_differentiate_twice"))?;

    println!("seed {}\n\n{report}", arguments.seed);
    println!("Newton squares the error in every step near the minimum, which is 0 at (1, 1).\n");
    println!("The tape of tanh, of its gradient ('), and of the gradient of that (''):");
    let tape = Tape::new();
    let x = tape.scalar(0.5_f64);
    let [first] = tape.grad(x.tanh(), [x]);
    let [second] = tape.grad(first, [x]);
    let exact = -2.0 * 0.5_f64.tanh() / 0.5_f64.cosh().powi(2);
    println!("{}\ntanh''(0.5) is {:.15}, by hand {exact:.15}", tape.dump(), second.to_scalar()?);
    Ok(())
}
