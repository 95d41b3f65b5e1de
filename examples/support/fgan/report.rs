//! What the runs come to: three tables in Markdown, and a picture.

use std::path::Path;

use fenchel::distribution::{Density, Gaussian, Mixture};
use fenchel::divergence::Estimate;
use fenchel::nalgebra::{DMatrix, DVector};

use super::exact::{Minimum, model_law};
use crate::support::Failure;
use crate::support::figure::{Curves, curve_figure};

/// What training one Gaussian ended in.
#[derive(Clone, Copy)]
pub struct Trained {
    /// Its mean.
    pub mu: f64,
    /// Its standard deviation.
    pub sigma: f64,
    /// The variational bound on the divergence.
    pub bound: Estimate,
    /// Seconds of training.
    pub seconds: f64,
}

/// What the paper has for a divergence: value, mean and standard deviation.
#[derive(Clone, Copy)]
pub struct Paper {
    /// Of the best Gaussian, by its numerical integration.
    pub best: [f64; 3],
    /// Of the trained one; the value is the bound.
    pub trained: [f64; 3],
}

/// A divergence, its optimum, and the runs that look for it.
pub struct Row {
    /// The divergence.
    pub title: String,
    /// Its local minima, the least first.
    pub minima: Vec<Minimum>,
    /// A run for each seed, and the exact values of all divergences there.
    pub runs: Vec<(Trained, Vec<f64>)>,
    /// What the paper has.
    pub paper: Option<Paper>,
}

impl Row {
    fn median(&self, measure: impl Fn(&Trained) -> f64) -> f64 {
        sorted(self.runs.iter().map(|(run, _)| measure(run)))[self.runs.len() / 2]
    }

    /// The median distance from `target`, and in brackets the largest, if there is more than one.
    fn error(&self, target: f64, measure: impl Fn(&Trained) -> f64) -> String {
        let errors = sorted(self.runs.iter().map(|(run, _)| (measure(run) - target).abs()));
        match errors.as_slice() {
            [one] => format!("{one:.4}"),
            errors => format!("{:.4} ({:.4})", errors[errors.len() / 2], errors[errors.len() - 1]),
        }
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The head of a table whose columns after the first are right-aligned.
fn head(columns: &[&str]) -> String {
    format!("| {} |\n|---|{}\n", columns.join(" | "), "---:|".repeat(columns.len() - 1))
}

/// All tables. `titles` are those of the columns of exact values.
pub fn tables(titles: &[String], rows: &[Row]) -> String {
    optima(titles, rows) + "\n" + &cross(titles, rows) + "\n" + &against_the_paper(rows)
}

/// The exact optima, and what training finds.
fn optima(titles: &[String], rows: &[Row]) -> String {
    let mut text = head(&[
        "minimised",
        "D\\*",
        "μ\\*",
        "σ\\*",
        "μ̂",
        "σ̂",
        "error of μ̂",
        "error of σ̂",
        "D(P‖Q̂)",
        "bound",
        "± s.e.",
        "s",
    ]);
    for row in rows {
        let Minimum { mu, sigma, value } = row.minima[0];
        let own = titles.iter().position(|title| *title == row.title).unwrap_or(0);
        let reached = sorted(row.runs.iter().map(|(_, columns)| columns[own]))[row.runs.len() / 2];
        text += &format!(
            "| {} | {value:.7} | {mu:.7} | {sigma:.7} | {:.4} | {:.4} | {} | {} | {reached:.6} | {:.4} | {:.4} | {:.0} |\n",
            row.title,
            row.median(|run| run.mu),
            row.median(|run| run.sigma),
            row.error(mu, |run| run.mu),
            row.error(sigma, |run| run.sigma),
            row.median(|run| run.bound.mean),
            row.median(|run| run.bound.std_error),
            row.median(|run| run.seconds),
        );
    }
    for row in rows {
        for Minimum { mu, sigma, value } in &row.minima[1..] {
            text += &format!("\n{} has another minimum: {value:.6} at μ = {mu:.6}, σ = {sigma:.6}.\n", row.title);
        }
    }
    text
}

/// The exact value of every divergence at the Gaussian trained to every other.
fn cross(titles: &[String], rows: &[Row]) -> String {
    let mut text = head(&[&["trained \\ exact"][..], &titles.iter().map(String::as_str).collect::<Vec<_>>()].concat());
    for row in rows {
        let value = |column: usize| sorted(row.runs.iter().map(|(_, columns)| columns[column]))[row.runs.len() / 2];
        let cells: Vec<_> = (0..titles.len()).map(|column| format!("{:.4}", value(column))).collect();
        text += &format!("| {} | {} |\n", row.title, cells.join(" | "));
    }
    text
}

/// Errors beside those of the paper, each against the optimum that goes with it: the paper's optima are those of a P that is
/// smoother by 0.05.
fn against_the_paper(rows: &[Row]) -> String {
    let mut text = head(&["", "error of μ̂", "paper", "error of σ̂", "paper", "D\\* − bound", "paper"]);
    for row in rows {
        let (Minimum { mu, sigma, value }, Some(Paper { best, trained })) = (row.minima[0], row.paper) else {
            continue;
        };
        text += &format!(
            "| {} | {} | {:.4} | {} | {:.4} | {:.4} | {:.4} |\n",
            row.title,
            row.error(mu, |run| run.mu),
            (trained[1] - best[1]).abs(),
            row.error(sigma, |run| run.sigma),
            (trained[2] - best[2]).abs(),
            value - row.median(|run| run.bound.mean),
            best[0] - trained[0],
        );
    }
    text
}

/// Draws, for every divergence, the density of the first run's Gaussian and that of P.
pub fn write_figure(rows: &[Row], p: &Mixture<Gaussian<f64>>, stem: &Path) -> Result<(), Failure> {
    let nodes = DMatrix::from_fn(401, 1, |i, _| -5.0 + 13.0 * i as f64 / 400.0);
    let curve = |ln_pdf: DVector<f64>| nodes.iter().zip(ln_pdf.iter()).map(|(&x, y)| (x, y.exp())).collect();
    let mut panels = Vec::new();
    for row in rows {
        let run = &row.runs[0].0;
        let q = model_law(run.mu, run.sigma)?;
        let series = vec![("trained Q", curve(q.ln_pdf_rows(&nodes)?)), ("data P", curve(p.ln_pdf_rows(&nodes)?))];
        panels.push(Curves { title: &row.title, labels: ["x", "density"], series, reference: None });
    }
    if panels.is_empty() { Ok(()) } else { Ok(curve_figure(&panels, 4, stem)?) }
}
