//! What a run comes to: measures, a line of the table, an entry of the summary, pictures.

use std::path::Path;

use fenchel::distribution::{Density, Gaussian, Mixture, Moments};
use fenchel::divergence::{Estimate, ForwardKl, ReverseKl, exact, neighbours};
use fenchel::estimate::{FitMle, GaussianStatistics, SufficientStatistics};
use fenchel::nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::figure::{Curves, Panel, curve_figure, density_figure, overview_figure};
use super::grid::{Grid, Plane};
use super::{Failure, data::Data};

/// The two directions, as objectives.
#[derive(Clone, Copy, PartialEq)]
pub enum Direction {
    /// KL(P‖Q).
    Forward,
    /// KL(Q‖P).
    Reverse,
}

/// The divergence in this direction, by quadrature, between laws in raw coordinates.
pub fn exact_kl(direction: Direction, p: &Mixture<Gaussian<f64>>, q: &Gaussian<f64>) -> Result<f64, Failure> {
    let integral = match direction {
        Direction::Forward => exact::quadrature(&ForwardKl, p, q)?,
        Direction::Reverse => exact::quadrature(&ReverseKl, p, q)?,
    };
    Ok(integral.value)
}

/// The least divergence in this direction from the post's mixture to any Gaussian.
pub fn optimum(direction: Direction, p: &Mixture<Gaussian<f64>>) -> Result<f64, Failure> {
    let best = match direction {
        // Moment matching.
        Direction::Forward => Gaussian::new(p.mean(), p.covariance())?,
        // Found by descent; an error in the fourth digit of the minimiser moves the minimum in the eighth.
        Direction::Reverse => {
            let covariance = DMatrix::from_row_slice(2, 2, &[4.0149, 0.0049, 0.0049, 1.5016]);
            Gaussian::new(DVector::from_row_slice(&[0.5023, 2.0007]), covariance)?
        }
    };
    exact_kl(direction, p, &best)
}

/// A trained model, in raw coordinates.
pub struct Model {
    /// What its training minimised.
    pub minimises: String,
    /// The same, where it is one of the two directions and any Gaussian could be reached.
    pub objective: Option<Direction>,
    /// Its law, where that is known.
    pub law: Option<Gaussian<f64>>,
    /// Is its support bounded? Then P has mass where it has none.
    pub bounded: bool,
    /// Draws from it.
    pub rows: DMatrix<f64>,
    /// (iteration, variational bound) and (iteration, exact divergence) while it was trained.
    pub curves: [Vec<(f64, f64)>; 2],
    /// Seconds of training.
    pub seconds: f64,
}

/// A line of the table and an entry of the summary; lengths are in raw coordinates.
#[derive(Serialize)]
pub struct Summary {
    name: &'static str,
    minimises: String,
    mean: [f64; 2],
    covariance: [[f64; 2]; 2],
    share_small_mode: f64,
    share_within_3_sigma: f64,
    kl_p_q: Option<Number>,
    kl_q_p: Option<Number>,
    excess: Option<f64>,
    seconds: f64,
    /// KL(P‖Q) is then infinite, which JSON cannot say.
    #[serde(skip)]
    bounded: bool,
}

/// A number with its standard error, which is 0 for one by quadrature.
#[derive(Clone, Copy, Serialize)]
struct Number {
    mean: f64,
    std_error: f64,
}

impl From<Estimate> for Number {
    fn from(Estimate { mean, std_error }: Estimate) -> Self {
        Self { mean, std_error }
    }
}

/// As many rows as nearest neighbours are looked for among.
fn first_rows(rows: &DMatrix<f64>) -> DMatrix<f64> {
    rows.rows(0, rows.nrows().min(4000)).into_owned()
}

impl Summary {
    /// Measures a model.
    pub fn new(name: &'static str, model: &Model, data: &Data) -> Result<Self, Failure> {
        let p = &data.law;
        let (mean, covariance) = match &model.law {
            Some(law) => (law.mean(), law.covariance()),
            None => {
                // Not a fitted law, which a model collapsed to a point or a line has not.
                let mut statistics = GaussianStatistics::empty(2)?;
                statistics.observe(&model.rows, None)?;
                (statistics.mean().clone(), statistics.scatter() / statistics.weight())
            }
        };
        let distances: Vec<_> = p
            .components()
            .iter()
            .map(|component| component.mahalanobis_squared_rows(&model.rows))
            .collect::<Result<_, _>>()?;
        let share = |holds: &dyn Fn(f64, f64) -> bool| {
            let pairs = distances[0].iter().zip(distances[1].iter());
            pairs.filter(|&(&large, &small)| holds(large, small)).count() as f64 / model.rows.nrows() as f64
        };
        let measure = |direction| -> Result<Option<Number>, Failure> {
            if let Some(q) = &model.law {
                return Ok(Some(Number { mean: exact_kl(direction, p, q)?, std_error: 0.0 }));
            }
            let (rows, data) = (first_rows(&model.rows), first_rows(&data.raw));
            Ok(match direction {
                Direction::Forward if model.bounded => None,
                Direction::Forward => Some(neighbours::kl(&data, &rows, 5)?.into()),
                Direction::Reverse => Some(neighbours::kl(&rows, &data, 5)?.into()),
            })
        };
        let (kl_p_q, kl_q_p) = (measure(Direction::Forward)?, measure(Direction::Reverse)?);
        let excess = match (model.objective, kl_p_q, kl_q_p) {
            (Some(Direction::Forward), Some(kl), _) => Some(kl.mean - optimum(Direction::Forward, p)?),
            (Some(Direction::Reverse), _, Some(kl)) => Some(kl.mean - optimum(Direction::Reverse, p)?),
            _ => None,
        };
        Ok(Self {
            name,
            minimises: model.minimises.clone(),
            mean: [mean[0], mean[1]],
            covariance: [[covariance[(0, 0)], covariance[(0, 1)]], [covariance[(1, 0)], covariance[(1, 1)]]],
            share_small_mode: share(&|large, small| small < large),
            share_within_3_sigma: share(&|large, small| large.min(small) < 9.0),
            kl_p_q,
            kl_q_p,
            excess,
            seconds: model.seconds,
            bounded: model.bounded,
        })
    }
}

/// The table, a line for each model.
pub fn table(summaries: &[Summary]) -> String {
    let mut text = format!(
        "{:<25} {:<23} {:>12} {:>20} {:>6} {:>6} {:>9} {:>9} {:>8} {:>6}\n",
        "run", "minimises", "mean", "cov xx, xy, yy", "small", "3 sig", "KL(P||Q)", "KL(Q||P)", "excess", "sec"
    );
    for line in summaries {
        let number = |number: Option<Number>| match number {
            None => "-".into(),
            Some(Number { mean, std_error: 0.0 }) => format!("{mean:.4}"),
            Some(Number { mean, std_error }) => format!("{mean:.2}±{std_error:.2}"),
        };
        let ([x, y], [[xx, xy], [_, yy]]) = (line.mean, line.covariance);
        text += &format!(
            "{:<25} {:<23} {:>12} {:>20} {:>6.3} {:>6.3} {:>9} {:>9} {:>8} {:>6.1}\n",
            line.name,
            line.minimises,
            format!("{x:.3}, {y:.3}"),
            format!("{xx:.2}, {xy:.2}, {yy:.2}"),
            line.share_small_mode,
            line.share_within_3_sigma,
            if line.bounded { "inf".into() } else { number(line.kl_p_q) },
            number(line.kl_q_p),
            line.excess.map_or("-".into(), |excess| format!("{excess:.4}")),
            line.seconds,
        );
    }
    text + "\nsmall: share of samples nearer to the mode of weight 0.25. 3 sig: share within three standard deviations of a mode.\n\
            excess: above the least value that a Gaussian can reach. KL by quadrature; where the density of Q is\n\
            not known, from samples by nearest neighbours, with a standard error and biased towards 0.\n\
            inf: a sigmoid bounds Q, and P has mass beyond; a critic's bound on it is finite only because the critic is.\n\
            clipped: the divergence that the generator step follows where the critic is optimal, which its sigmoid allows only\n\
            where p/q is between 1/e and 1.\n"
}

/// The summary as JSON.
pub fn json(seed: u64, summaries: &[Summary]) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Runs<'a> {
        seed: u64,
        runs: &'a [Summary],
    }
    serde_json::to_string_pretty(&Runs { seed, runs: summaries })
}

/// Values of a density where the pictures look.
fn grid(law: &impl Density<Scalar = f64>, nodes: usize) -> Result<Grid, Failure> {
    let plane = Plane { x: (-7.0, 14.0), y: (-5.0, 16.0), nodes };
    Ok(plane.grid(&law.ln_pdf_rows(&plane.points())?.map(f64::exp)))
}

/// The densities of data and model on a grid, and what to write above them.
pub struct Picture {
    title: String,
    subtitle: String,
    data: Grid,
    model: Grid,
}

impl Picture {
    /// Of a model whose law is known, its density; of another, a kernel density estimate from some of its rows.
    pub fn new(name: &str, model: &Model, data: &Data, quick: bool) -> Result<Self, Failure> {
        let (nodes, centres) = if quick { (61, 200) } else { (151, 4000) };
        let density = match &model.law {
            Some(law) => grid(law, nodes)?,
            None => {
                // A kernel density estimate is a mixture with equal weights: 0.6 of Scott's bandwidth, because a model may have two modes.
                let centres = model.rows.rows(0, centres.min(model.rows.nrows()));
                let bandwidth = 0.6 * (centres.nrows() as f64).powf(-1.0 / 6.0);
                // A model that has collapsed gets kernels of deviation 1 times that, to be seen at all.
                let spread = Gaussian::fit_mle(&centres.into_owned()).or_else(|_| Gaussian::standard(2))?;
                let kernel = spread.cholesky_factor() * bandwidth;
                let at = |centre: DVector<f64>| Gaussian::from_cholesky(centre, kernel.clone());
                let kernels: Vec<_> = centres.row_iter().map(|row| at(row.transpose())).collect::<Result<_, _>>()?;
                grid(&Mixture::new(&vec![1.0; kernels.len()], kernels)?, nodes)?
            }
        };
        let (title, subtitle) = (name.to_string(), format!("minimises {}", model.minimises));
        Ok(Self { title, subtitle, data: grid(&data.law, nodes)?, model: density })
    }

    fn panel(&self) -> Panel<'_> {
        Panel { title: &self.title, subtitle: &self.subtitle, data: &self.data, model: &self.model }
    }

    /// Writes it as `stem`.png and `stem`.svg.
    pub fn write(&self, stem: &Path) -> Result<(), String> {
        density_figure(&self.panel(), stem)
    }
}

/// Writes all pictures side by side, if there are any.
pub fn write_overview(pictures: &[Picture], stem: &Path) -> Result<(), String> {
    let panels: Vec<_> = pictures.iter().map(Picture::panel).collect();
    if panels.is_empty() { Ok(()) } else { overview_figure(&panels, 4, stem) }
}

/// Writes the training curves of the models that have any, if one has.
pub fn write_curves(models: &[(&'static str, Model)], data: &Data, stem: &Path) -> Result<(), Failure> {
    let mut panels = Vec::new();
    for (name, model) in models.iter().filter(|(_, model)| !model.curves[0].is_empty()) {
        let [bound, exact] = &model.curves;
        let mut series = vec![("variational bound", bound.clone())];
        if !exact.is_empty() {
            series.push(("exact divergence", exact.clone()));
        }
        let least = model.objective.map(|direction| optimum(direction, &data.law)).transpose()?;
        let labels = ["iteration", "value"];
        panels.push(Curves {
            title: name,
            labels,
            series,
            reference: least.map(|least| ("optimum over Gaussians", least)),
        });
    }
    if !panels.is_empty() {
        curve_figure(&panels, 3, stem)?;
    }
    Ok(())
}
