//! The pictures of the course: lines and points, over a density or over the regions of a classifier.

use std::path::Path;

use fenchel::nalgebra::DMatrix;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::prelude::Plot;
use kuva::render::render_utils::auto_nice_range;

use super::course::Failure;
use super::figure::{Cell, Key, Pair, Under, axes, fills, range, thin, write};
use super::grid::Grid;

pub const BLUE: &str = "#2878b5";
pub const RED: &str = "#d1495b";
pub const GREEN: &str = "#2a9d6f";
pub const PURPLE: &str = "#8a5fbf";
pub const ORANGE: &str = "#e0912f";
pub const DARK: &str = "#333333";

/// From the lowest level of a density up.
const GREYS: [&str; 8] = ["#f0f0f0", "#e5e5e5", "#dadada", "#cfcfcf", "#c4c4c4", "#b9b9b9", "#aeaeae", "#a3a3a3"];
/// From this probability on, this colour; blue for 0, red for 1.
const REGIONS: [(f64, &str); 6] =
    [(1e-300, "#b9d6ec"), (0.05, "#d3e5f3"), (0.25, "#e8f1f8"), (0.5, "#fae9ea"), (0.75, "#f6d5d8"), (0.95, "#f0b9bf")];

/// What is drawn: its name in the legend, its colour, its points.
pub type Series<'a> = (&'a str, &'static str, Vec<Pair>);

/// One plot; what is left at its default is left out.
#[derive(Default)]
pub struct Chart<'a> {
    /// Heading above the plot.
    pub title: &'a str,
    /// What the axes show.
    pub labels: [&'a str; 2],
    /// A density in greys beneath.
    pub density: Option<&'a Grid>,
    /// A probability in blue and red beneath.
    pub regions: Option<&'a Grid>,
    /// The name and colour of a line where the values reach the level.
    pub outline: Option<(&'a str, &'static str, &'a Grid, f64)>,
    /// Clouds of points.
    pub points: Vec<Series<'a>>,
    /// Lines from point to point.
    pub lines: Vec<Series<'a>>,
    /// The lowest and the highest y shown of lines; all, if not said.
    pub y: Option<Pair>,
}

impl<'a> Chart<'a> {
    /// Empty axes.
    pub fn new(title: &'a str, labels: [&'a str; 2]) -> Self {
        Self { title, labels, ..Self::default() }
    }
}

/// Charts in a grid of `columns` columns with a common legend, as `stem`.png and `stem`.svg.
pub fn chart_figure(charts: &[Chart], columns: usize, stem: &Path) -> Result<(), Failure> {
    draw(charts, columns, stem).map_err(Failure::because)?;
    eprintln!("picture in {}.png", stem.display());
    Ok(())
}

fn draw(charts: &[Chart], columns: usize, stem: &Path) -> Result<(), String> {
    let side = if charts.len() == 1 { 460.0 } else { 330.0 };
    let (mut cells, mut legend, mut size) = (Vec::<Cell>::new(), Vec::<Key>::new(), (side, 0.8 * side));
    for chart in charts {
        let fault = |problem| format!("{:?}: {problem}", chart.title);
        let (mut under, mut plots, mut keys) = (Vec::new(), Vec::<Plot>::new(), Vec::<Key>::new());
        let plane = chart.density.or(chart.regions);
        let points = || chart.lines.iter().chain(&chart.points).flat_map(|(_, _, points)| points);
        let (x, y) = match plane {
            Some(grid) => {
                // Equal aspect.
                size.1 = side * (grid.y.1 - grid.y.0) / (grid.x.1 - grid.x.0);
                (grid.x, grid.y)
            }
            None => {
                let x = range(chart.labels[0], points().map(|p| p.0)).map_err(fault)?;
                let y = match chart.y {
                    Some(y) => y,
                    None => range(chart.labels[1], points().map(|p| p.1)).map_err(fault)?,
                };
                (x, chart.y.unwrap_or_else(|| auto_nice_range(y.0, y.1, 5)))
            }
        };
        if let Some(grid) = chart.density {
            grid.check().map_err(fault)?;
            under.push(fills(grid, &GREYS, 1.0));
        }
        if let Some(grid) = chart.regions {
            grid.check().map_err(fault)?;
            under.push(Under::Fills(grid, REGIONS.to_vec(), 1.0));
        }
        for (name, color, points) in &chart.points {
            keys.push((name, 0.5, vec![(0.85, 0.85, *color, 1.0)]));
            let points = points.iter().copied().filter(|p| within(p.0, x) && within(p.1, y));
            let plot = ScatterPlot::new().with_data(points).with_color(*color).with_size(2.2).with_marker_opacity(0.6);
            plots.push(plot.into());
        }
        if let Some((name, color, grid, level)) = chart.outline {
            keys.push((name, 0.15, vec![(0.0, 1.0, color, 1.0)]));
            under.push(Under::Line(grid, level, color));
        }
        for (name, color, points) in &chart.lines {
            keys.push((name, 0.15, vec![(0.0, 1.0, *color, 1.0)]));
            // In pieces, so that nothing is drawn beyond the axes.
            for piece in thin(points, size.0 as usize).split(|p| !within(p.1, y)).filter(|piece| !piece.is_empty()) {
                let line = LinePlot::new().with_data(piece.to_vec());
                plots.push(line.with_color(*color).with_stroke_width(1.8).into());
            }
        }
        if plots.is_empty() {
            plots.push(LinePlot::new().into()); // without any plot kuva would leave the axes out
        }
        keys.dedup();
        keys.retain(|key| !legend.contains(key));
        legend.append(&mut keys);
        let layout = axes([chart.title, ""], chart.labels, [x, y], size, 1.0);
        cells.push((layout.with_show_grid(plane.is_none()), plots, under));
    }
    write(cells, &legend, columns, size, stem)
}

/// The first two columns of those of the first rows, at most `most`, that have this label.
pub fn cloud(rows: &DMatrix<f64>, labels: &[usize], label: usize, most: usize) -> Vec<Pair> {
    let labelled = rows.row_iter().zip(labels).take(most);
    labelled.filter(|(_, found)| **found == label).map(|(row, _)| (row[0], row[1])).collect()
}

/// The points of a function that has these values at the nodes.
pub fn curve<'a>(nodes: impl IntoIterator<Item = &'a f64>, values: impl IntoIterator<Item = &'a f64>) -> Vec<Pair> {
    nodes.into_iter().copied().zip(values.into_iter().copied()).collect()
}

fn within(a: f64, (low, high): Pair) -> bool {
    (low..=high).contains(&a)
}
