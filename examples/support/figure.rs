//! Figures of the examples: filled density contours and training curves, as PNG and SVG.
//!
//! kuva draws axes, titles and lines. The filled contours are traced here and added to its scene, because its own
//! `ContourPlot` cannot be transparent, and in a PNG leaves seams between the cells of the grid.

use std::fs;
use std::path::Path;

use kuva::backend::{raster::RasterBackend, svg::SvgBackend};
use kuva::plot::LinePlot;
use kuva::prelude::{Layout, Plot, ReferenceLine, TickFormat, render_multiple};
use kuva::render::layout::{AxisLabelOverlap, ComputedLayout};
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};
use kuva::render::render_utils::{auto_nice_range, compute_tick_step};

use super::grid::Grid;

/// One picture: data contours in reds beneath, model contours in blues on top.
pub struct Panel<'a> {
    /// Heading above the plot.
    pub title: &'a str,
    /// Smaller second line of the heading; may be empty.
    pub subtitle: &'a str,
    /// Density of the data.
    pub data: &'a Grid,
    /// Density of the model.
    pub model: &'a Grid,
}

/// Curves in one plot: a title, what the axes are, named series of points, an optional reference level.
pub struct Curves<'a> {
    /// Heading above the plot.
    pub title: &'a str,
    /// What the axes show.
    pub labels: [&'a str; 2],
    /// Named series, coloured by their position in this list.
    pub series: Vec<(&'a str, Vec<(f64, f64)>)>,
    /// Name and height of a dashed horizontal line, such as the exact optimum.
    pub reference: Option<(&'a str, f64)>,
}

/// Label, colours from the lowest level up and opacity of the fills of the data and of the model. The model's are
/// glazes, which darken as they pile up while the reds beneath keep showing through.
const FILLS: [(&str, [&str; 8], f64); 2] = [
    ("data P", ["#fdd9d7", "#f9b4b1", "#f48a88", "#ec6062", "#dd3840", "#c92230", "#b51726", "#a00f1e"], 1.0),
    ("model Q", ["#2a7fff", "#2478e6", "#1f6cd0", "#185fbc", "#1252a6", "#0c4592", "#07387e", "#032b6a"], 0.16),
];
/// Lowest level as a fraction of a grid's maximum; the paper stays white below it.
const LOWEST: f64 = 0.05;
/// Colours of the curves.
const LINES: [&str; 5] = ["#4292c6", "#d1495b", "#2a9d6f", "#8a5fbf", "#e0912f"];
/// Colour of the reference.
const DARK: &str = "#333333";
/// About how many ticks an axis gets.
const TICKS: usize = 5;

/// Lowest and highest value, or width and height.
pub type Pair = (f64, f64);
/// What lies beneath the plots of a cell.
pub enum Under<'a> {
    /// Where the values reach each level, the higher upon the lower, in its colour and with the opacity.
    Fills(&'a Grid, Vec<(f64, &'static str)>, f64),
    /// A line of the colour where the values cross the level.
    Line(&'a Grid, f64, &'static str),
}
/// Axes, what kuva draws into them, and what lies beneath.
pub type Cell<'a> = (Layout, Vec<Plot>, Vec<Under<'a>>);
/// A legend entry: label, then thickness and bars of (start, end, colour, opacity) of its swatch.
pub type Key<'a> = (&'a str, f64, Vec<(f64, f64, &'static str, f64)>);

/// Writes `stem`.png and `stem`.svg: filled contours of both densities with axes and a legend.
pub fn density_figure(panel: &Panel, stem: &Path) -> Result<(), String> {
    densities(std::slice::from_ref(panel), 1, (560.0, 1.1), stem)
}

/// All panels on common axes as one picture in a grid of `columns` columns, PNG and SVG.
pub fn overview_figure(panels: &[Panel], columns: usize, stem: &Path) -> Result<(), String> {
    densities(panels, columns, (270.0, 0.85), stem)
}

/// Curves as small multiples in a grid of `columns` columns, PNG and SVG.
pub fn curve_figure(panels: &[Curves], columns: usize, stem: &Path) -> Result<(), String> {
    let size = (380.0, 270.0);
    let (mut cells, mut legend) = (Vec::new(), Vec::<Key>::new());
    for curves in panels {
        let fault = |problem| format!("{:?}: {problem}", curves.title);
        let points = || curves.series.iter().flat_map(|(_, points)| points);
        let level = curves.reference.map(|(_, level)| level);
        let x = range(curves.labels[0], points().map(|p| p.0)).map_err(fault)?;
        let y = range(curves.labels[1], points().map(|p| p.1).chain(level)).map_err(fault)?;
        let y = auto_nice_range(y.0, y.1, TICKS);
        let mut layout = axes([curves.title, ""], curves.labels, [x, y], size, 0.85);
        let (mut plots, mut keys) = (Vec::new(), Vec::<Key>::new());
        for ((name, points), color) in curves.series.iter().zip(LINES.iter().cycle()) {
            keys.push((name, 0.15, vec![(0.0, 1.0, color, 1.0)]));
            let line = LinePlot::new().with_data(thin(points, size.0 as usize));
            plots.push(line.with_color(*color).with_stroke_width(1.5).into());
        }
        if let Some((name, level)) = curves.reference {
            let dash = |start| (start, start + 0.28, DARK, 1.0);
            keys.push((name, 0.15, [0.0, 0.36, 0.72].map(dash).to_vec()));
            // Long dashes, because kuva does not scale them up with the PNG.
            let line = ReferenceLine::horizontal(level).with_dasharray("12 9");
            layout = layout.with_reference_line(line.with_color(DARK).with_stroke_width(1.5));
        }
        keys.retain(|key| !legend.contains(key));
        legend.append(&mut keys);
        cells.push((layout, plots, Vec::new()));
    }
    write(cells, &legend, columns, size, stem)
}

/// Draws panels whose plots are `side` pixels long, with fonts of a relative `scale`.
fn densities(panels: &[Panel], columns: usize, (side, scale): Pair, stem: &Path) -> Result<(), String> {
    for panel in panels {
        for (name, grid) in [("data", panel.data), ("model", panel.model)] {
            grid.check().map_err(|problem| format!("{name} grid of {:?}: {problem}", panel.title))?;
        }
    }
    let grids = || panels.iter().flat_map(|panel| [panel.data, panel.model]);
    let x = range("x", grids().flat_map(|grid| [grid.x.0, grid.x.1]))?;
    let y = range("y", grids().flat_map(|grid| [grid.y.0, grid.y.1]))?;
    // Equal aspect; a very short side is given more axis on both ends.
    let longest = (x.1 - x.0).max(y.1 - y.0);
    let [x, y] = [x, y].map(|(low, high)| {
        let room = (0.4 * longest - (high - low)).max(0.0) / 2.0;
        (low - room, high + room)
    });
    let size = (side * (x.1 - x.0) / longest, side * (y.1 - y.0) / longest);
    let cell = |panel| {
        let &Panel { title, subtitle, data, model } = panel;
        let layout = axes([title, subtitle], ["x₁", "x₂"], [x, y], size, scale);
        // Without any plot kuva would leave the axes out, hence a line of no points.
        let plots = vec![LinePlot::new().into()];
        let under =
            [data, model].into_iter().zip(FILLS).map(|(grid, (_, colors, opacity))| fills(grid, &colors, opacity));
        (layout.with_show_grid(false), plots, under.collect())
    };
    let legend = FILLS.map(|(label, colors, opacity)| {
        let bar = |(i, color)| (i as f64 / 8.0, 1.0, color, opacity);
        (label, 0.8, colors.into_iter().enumerate().map(bar).collect())
    });
    write(panels.iter().map(cell).collect(), &legend, columns, size, stem)
}

/// The smallest and the largest value, unless rounding or tick labels would fail there.
pub fn range(axis: &str, values: impl Iterator<Item = f64>) -> Result<Pair, String> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        if !value.is_finite() {
            return Err(format!("{value} among the {axis}"));
        }
        (low, high) = (low.min(value), high.max(value));
    }
    if low > high {
        return Err(format!("no {axis} to draw"));
    }
    if low == high {
        // A constant needs an axis around it.
        let room = 0.1 * low.abs().max(1.0);
        (low, high) = (low - room, high + room);
    }
    let span = high - low;
    if (1e-12..=1e12).contains(&span) && span > 1e-9 * low.abs().max(high.abs()) {
        return Ok((low, high));
    }
    Err(format!("cannot draw {axis} from {low:?} to {high:?}"))
}

/// At most two points per pixel, the lowest and the highest of each run, so that no spike is lost.
pub fn thin(points: &[Pair], pixels: usize) -> Vec<Pair> {
    let length = points.len().div_ceil(pixels);
    if length < 3 {
        return points.to_vec();
    }
    let extremes = points.chunks(length).flat_map(|run| {
        let order = |a: &usize, b: &usize| run[*a].1.total_cmp(&run[*b].1);
        let low = (0..run.len()).min_by(order).unwrap_or(0);
        let high = (0..run.len()).max_by(order).unwrap_or(0);
        [run[low.min(high)], run[low.max(high)]]
    });
    extremes.chain(points.last().copied()).collect()
}

/// Empty axes of exactly the ranges `x` and `y`.
pub fn axes(titles: [&str; 2], labels: [&str; 2], [x, y]: [Pair; 2], size: Pair, scale: f64) -> Layout {
    // The fewest decimals that tell the ticks apart; kuva's own format stops at three.
    let ticks = |(low, high)| {
        let step = compute_tick_step(low, high, TICKS);
        let whole = |scaled: f64| (scaled - scaled.round()).abs() < 1e-6 * scaled;
        let decimals = (0..15).find(|&decimals| whole(step * 10f64.powi(decimals)));
        TickFormat::Fixed(decimals.unwrap_or(15) as usize)
    };
    let wrap = |font: f64| (size.0 / (0.6 * font * scale)) as usize;
    let mut layout = Layout::new(x, y)
        .with_x_axis_min(x.0)
        .with_x_axis_max(x.1)
        .with_y_axis_min(y.0)
        .with_y_axis_max(y.1)
        .with_x_tick_format(ticks(x))
        .with_y_tick_format(ticks(y))
        .with_ticks(TICKS)
        .with_x_label_overlap(AxisLabelOverlap::Thin)
        .with_box_axes()
        .with_x_label(labels[0])
        .with_y_label(labels[1])
        .with_title_wrap(wrap(18.0))
        .with_subtitle_wrap(wrap(12.6))
        .with_scale(scale);
    layout.title = Some(titles[0].into()).filter(|title: &String| !title.is_empty());
    layout.subtitle = Some(titles[1].into()).filter(|title: &String| !title.is_empty());
    layout.theme.grid_color = "#e6e6e6".into();
    layout
}

/// Writes a picture of plots of the same size above a common legend.
pub fn write(cells: Vec<Cell>, legend: &[Key], columns: usize, size: Pair, stem: &Path) -> Result<(), String> {
    let columns = columns.min(cells.len());
    if columns == 0 {
        return Err("a figure needs panels and columns".into());
    }
    let rows = cells.len().div_ceil(columns);
    // The same margins everywhere, so that the plots line up whatever their ticks and titles.
    let [mut left, mut right, mut top, mut bottom, mut font] = [0.0f64; 5];
    for (layout, ..) in &cells {
        let own = ComputedLayout::from_layout(layout);
        font = 14.0 * layout.scale;
        let label = layout.y_label.as_deref().map_or(0.0, |label| text_width(label, font));
        left = left.max(own.margin_left - font + label);
        right = right.max(own.margin_right + 0.4 * font);
        top = top.max(own.margin_top);
        bottom = bottom.max(own.margin_bottom);
    }
    let (width, height) = (left + size.0 + right, top + size.1 + bottom);
    let mut scene = Scene::new(columns as f64 * width, rows as f64 * height);
    for (i, (mut layout, plots, under)) in cells.into_iter().enumerate() {
        let (x, y) = ((i % columns) as f64 * width, (i / columns) as f64 * height);
        scene.add(Primitive::GroupStart {
            transform: Some(format!("translate({x:.2},{y:.2})")),
            title: None,
            extra_attrs: None,
        });
        // Upright, since kuva draws turned text without anti-aliasing in a PNG.
        if let Some(label) = layout.y_label.take() {
            text(&mut scene, &label, 0.4 * font, top + size.1 / 2.0, font);
        }
        let layout = layout.with_width(width).with_height(height);
        let layout = layout.with_force_margins(left, right).with_force_margins_y(top, bottom);
        let axes = ComputedLayout::from_layout(&layout);
        for under in under {
            match under {
                Under::Fills(grid, levels, opacity) => contours(grid, &levels, opacity, &axes, &mut scene),
                Under::Line(grid, level, color) => outline(grid, level, color, &axes, &mut scene),
            }
        }
        let plot = render_multiple(plots, layout);
        // kuva numbers its clip paths through the whole process, so the same figure drawn again would differ in its
        // bytes; nothing here reaches beyond its axes anyway.
        let clip = |e: &Primitive| matches!(e, Primitive::ClipStart { .. } | Primitive::ClipEnd);
        scene.elements.extend(plot.elements.into_iter().filter(|e| !clip(e)));
        scene.font_family = plot.font_family;
        scene.add(Primitive::GroupEnd);
    }
    add_legend(&mut scene, legend, font);
    let png = RasterBackend::new().render_scene(&scene);
    let svg = SvgBackend::new().render_scene(&scene);
    for (suffix, bytes) in [(".png", png), (".svg", Ok(svg.into_bytes()))] {
        // Not `with_extension`, which would cut a stem like "alpha-0.5" short.
        let mut path = stem.as_os_str().to_owned();
        path.push(suffix);
        bytes
            .and_then(|bytes| fs::write(&path, bytes).map_err(|error| error.to_string()))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// A safe guess; kuva keeps its font metrics to itself.
fn text_width(text: &str, font: f64) -> f64 {
    0.6 * font * text.chars().count() as f64
}

/// Writes a line of text around the height `middle`.
fn text(scene: &mut Scene, content: &str, x: f64, middle: f64, font: f64) {
    scene.add(Primitive::Text {
        x,
        y: middle + 0.36 * font,
        content: content.into(),
        size: font.round() as u32,
        anchor: TextAnchor::Start,
        rotate: None,
        bold: false,
        color: None,
    });
}

/// Paints an area given as an SVG path.
fn fill(scene: &mut Scene, d: String, color: &str, opacity: f64) {
    scene.add(Primitive::Path(Box::new(PathData {
        d,
        fill: Some(color.into()),
        stroke: "none".into(),
        stroke_width: 0.0,
        opacity: Some(opacity),
        stroke_dasharray: None,
    })));
}

/// Adds rows of equally wide entries below everything else.
fn add_legend(scene: &mut Scene, legend: &[Key], font: f64) {
    let widths = legend.iter().map(|(label, ..)| text_width(label, font));
    let width = 5.0 * font + widths.fold(0.0, f64::max);
    let fitting = ((scene.width / width) as usize).clamp(1, legend.len().max(1));
    for row in legend.chunks(fitting) {
        let middle = scene.height + 0.8 * font;
        let mut x = (scene.width - row.len() as f64 * width) / 2.0 + font;
        for (label, thickness, bars) in row {
            let (y, thickness) = (middle - 0.5 * thickness * font, thickness * font);
            for (start, end, color, opacity) in bars {
                let (from, length) = (x + 3.0 * start * font, 3.0 * (end - start) * font);
                // A bar without length is a dot.
                let d = if length > 0.0 {
                    format!("M{from:.2} {y:.2}h{length:.2}v{thickness:.2}h-{length:.2}z")
                } else {
                    let (radius, start) = (thickness / 2.0, from - thickness / 2.0);
                    let half = |width: f64| format!("a{radius:.2} {radius:.2} 0 1 0 {width:.2} 0");
                    format!("M{start:.2} {middle:.2}{}{}z", half(thickness), half(-thickness))
                };
                fill(scene, d, color, *opacity);
            }
            text(scene, label, x + 3.5 * font, middle, font);
            x += width;
        }
        scene.height += 2.0 * font;
    }
}

/// The fills of a density, its levels in equal steps up to its maximum.
pub fn fills<'a>(grid: &'a Grid, colors: &[&'static str], opacity: f64) -> Under<'a> {
    let top = grid.values.iter().copied().fold(0.0, f64::max);
    let level = |i: usize| top * (LOWEST + (1.0 - LOWEST) * i as f64 / colors.len() as f64);
    Under::Fills(grid, colors.iter().enumerate().map(|(i, color)| (level(i), *color)).collect(), opacity)
}

/// Fills where the values reach each level, the higher upon the lower.
fn contours(grid: &Grid, levels: &[(f64, &str)], opacity: f64, axes: &ComputedLayout, scene: &mut Scene) {
    for (level, color) in levels {
        // All rings as one closed line, since kuva's PNG fills every subpath by itself, even the holes. It goes from
        // ring to ring horizontally and along a line beside the plot, there and back, which encloses nothing.
        let mut d = String::from("M-9 0");
        for ring in grid.rings(*level, axes) {
            d += &format!("V{:.2}", ring[0].1);
            for (x, y) in ring.iter().chain(&ring[..1]) {
                d += &format!("L{x:.2} {y:.2}");
            }
            d += "H-9";
        }
        fill(scene, d + "z", color, opacity);
    }
}

/// Draws a line where the values cross the level, but not along the border of the grid, where a ring only closes.
fn outline(grid: &Grid, level: f64, color: &'static str, axes: &ComputedLayout, scene: &mut Scene) {
    let on_border = |(x, y): Pair| {
        let near = |a: f64, (low, high): Pair| (a - low).abs() < 0.5 || (a - high).abs() < 0.5;
        near(x, (axes.map_x(grid.x.0), axes.map_x(grid.x.1))) || near(y, (axes.map_y(grid.y.0), axes.map_y(grid.y.1)))
    };
    for ring in grid.rings(level, axes) {
        let closed: Vec<_> = ring.iter().chain(&ring[..1]).copied().collect();
        for points in closed.split(|point| on_border(*point)).filter(|points| points.len() > 1) {
            let (points, stroke) = (points.to_vec(), color.into());
            scene.add(Primitive::PolyLine { points, stroke, stroke_width: 2.0, stroke_dasharray: None });
        }
    }
}
