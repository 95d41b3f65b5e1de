//! How many kinds of penguin? Mixtures of 1 to 6 Gaussians, by BIC: `cargo run --release --example mixture_model`
//!
//! The data are the Palmer penguins of A. M. Horst, A. P. Hill and K. B. Gorman (2020), CC0; the fit never sees the species.
#![allow(clippy::print_stdout)] // it is a program
mod support;

use std::collections::BTreeMap;

use fenchel::distribution::{Diagonal, Full, Moments, Spherical};
use fenchel::estimate::{CovarianceModel, Criterion, Em, Selection, Tied};
use fenchel::nalgebra::{DMatrix, Vector2};
use support::chart::{BLUE, Chart, DARK, GREEN, ORANGE, PURPLE, RED, chart_figure};
use support::figure::Pair;
use support::{Random, arguments::Arguments, course::Failure};

const DATA: &str = include_str!("data/penguins.csv");
/// The two of its four measurements that are fitted.
const COLUMNS: [&str; 2] = ["bill_length_mm", "bill_depth_mm"];

fn main() -> Result<(), Failure> {
    let arguments = Arguments::of("mixture_model", "How many kinds of penguin? Mixtures of Gaussians, chosen by BIC.")?;
    let (rows, species) = penguins()?;
    let mut rng = arguments.rng();
    let restarts = if arguments.quick { 2 } else { 50 };
    println!(
        "seed {}, {} penguins, {restarts} starts of each fit; BIC, less is better\n",
        arguments.seed,
        rows.nrows()
    );
    println!("model          1         2         3         4         5         6");
    let full: Selection<f64, Full> = select("full", &rows, restarts, &mut rng)?;
    let tied: Selection<f64, Tied> = select("tied", &rows, restarts, &mut rng)?;
    let diagonal: Selection<f64, Diagonal> = select("diagonal", &rows, restarts, &mut rng)?;
    let spherical: Selection<f64, Spherical> = select("spherical", &rows, restarts, &mut rng)?;

    let best = full.best();
    println!(
        "\nfull, {} components: mean log-likelihood {:.4} nats, {} free parameters, converged after {} iterations\n",
        best.law().components().len(),
        best.mean_ln_likelihood(),
        best.free_parameters(),
        best.iterations()
    );
    println!("weight   mean                standard deviations   who is in it");
    let labels = best.law().predict(&rows)?;
    for (k, (component, weight)) in best.law().components().iter().zip(best.law().weights()).enumerate() {
        let mut members = BTreeMap::new();
        for (_, name) in labels.iter().zip(&species).filter(|&(&label, _)| label == k) {
            *members.entry(*name).or_insert(0) += 1;
        }
        let members: Vec<_> = members.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let (mean, deviations) = (component.mean(), component.covariance().diagonal().map(f64::sqrt));
        let numbers = [mean[0], mean[1], deviations[0], deviations[1]].map(|x| format!("{x:8.2}"));
        println!(
            "{weight:.3} {} {}   {} {}     {}",
            numbers[0],
            numbers[1],
            numbers[2],
            numbers[3],
            members.join(", ")
        );
    }

    let colors = [("Adelie", BLUE), ("Chinstrap", PURPLE), ("Gentoo", ORANGE)];
    let cloud = |name| rows.row_iter().zip(&species).filter(move |(_, s)| **s == name).map(|(row, _)| (row[0], row[1]));
    let ellipses = best.law().components().iter().map(|component| {
        let (mean, factor) = (component.mean(), component.cholesky_factor());
        let on_circle = |turn: f64| Vector2::new(turn.cos(), turn.sin()) * (-2.0 * 0.05_f64.ln()).sqrt();
        let at = |i: i32| &mean + factor * on_circle(std::f64::consts::TAU * f64::from(i) / 100.0);
        ("holds 95 % of a component", DARK, (0..=100).map(|i| (at(i)[0], at(i)[1])).collect())
    });
    let fit = Chart {
        points: colors.into_iter().map(|(name, color)| (name, color, cloud(name).collect())).collect(),
        lines: ellipses.collect(),
        ..Chart::new("The best of full covariance", ["bill length, mm", "bill depth, mm"])
    };
    let lines = vec![
        ("full", RED, curve(&full)),
        ("tied", GREEN, curve(&tied)),
        ("diagonal", BLUE, curve(&diagonal)),
        ("spherical", ORANGE, curve(&spherical)),
    ];
    let chosen = Chart { lines, ..Chart::new("BIC", ["components", ""]) };
    chart_figure(&[chosen, fit], 2, &arguments.out.join("mixture_model"))
}

/// Fits 1 to 6 components, and prints a line.
fn select<M: CovarianceModel>(
    name: &str,
    rows: &DMatrix<f64>,
    restarts: usize,
    rng: &mut Random,
) -> Result<Selection<f64, M>, Failure> {
    let selection = Em::<M>::new(1).restarts(restarts).select(1..=6, Criterion::Bic, rows, rng)?;
    let row: Vec<_> = selection.fits().map(|fit| format!("{:>10.1}", fit.bic())).collect();
    println!("{name:<9}{}", row.concat());
    Ok(selection)
}

fn curve<M: CovarianceModel>(selection: &Selection<f64, M>) -> Vec<Pair> {
    selection.fits().map(|fit| (fit.law().components().len() as f64, fit.bic())).collect()
}

/// The two columns, and the species.
fn penguins() -> Result<(DMatrix<f64>, Vec<&'static str>), Failure> {
    let mut lines = DATA.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let place = |name: &str| header.iter().position(|&column| column == name);
    let [Some(x), Some(y), Some(species)] = [place(COLUMNS[0]), place(COLUMNS[1]), place("species")] else {
        return Err(Failure::because("the data have other columns"));
    };
    let (mut numbers, mut names) = (Vec::new(), Vec::new());
    for line in lines {
        numbers.extend([line[x].parse::<f64>()?, line[y].parse()?]);
        names.push(line[species]);
    }
    Ok((DMatrix::from_row_slice(names.len(), 2, &numbers), names))
}
