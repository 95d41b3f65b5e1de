//! Figures of the examples: filled density contours and training curves, as PNG and SVG.
//!
//! kuva draws axes, titles and lines. The filled contours are traced here and added to its scene,
//! because its own `ContourPlot` hides whatever lies beneath it behind an opaque base, cannot be
//! transparent, and leaves seams between the grid cells of a PNG.

use std::fs;
use std::path::Path;

use kuva::backend::{raster::RasterBackend, svg::SvgBackend};
use kuva::plot::LinePlot;
use kuva::prelude::{Layout, Plot, ReferenceLine, Theme, TickFormat, render_multiple};
use kuva::render::layout::ComputedLayout;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};
use kuva::render::render_utils::{auto_nice_range, compute_tick_step};

/// Values of a density on a regular grid; `values[row * columns + column]`, row 0 at the smallest y.
pub struct Grid {
    /// Positions of the first and the last column.
    pub x: (f64, f64),
    /// Positions of the first and the last row.
    pub y: (f64, f64),
    /// Number of columns, at least two.
    pub columns: usize,
    /// Number of rows, at least two.
    pub rows: usize,
    /// The density at each grid point, row by row.
    pub values: Vec<f64>,
}

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

/// One training curve: a title, named series of (iteration, value), an optional reference level.
pub struct Curves<'a> {
    /// Heading above the plot.
    pub title: &'a str,
    /// Named series, coloured by their position in this list.
    pub series: Vec<(&'a str, Vec<(f64, f64)>)>,
    /// Name and height of a dashed horizontal line, such as the exact optimum.
    pub reference: Option<(&'a str, f64)>,
}

/// A colour per level, from the lowest up, and the opacity of each fill.
type Fills = ([&'static str; 8], f64);

const REDS: Fills = (
    [
        "#fdd9d7", "#f9b4b1", "#f48a88", "#ec6062", "#dd3840", "#c92230", "#b51726", "#a00f1e",
    ],
    1.0,
);
/// Glazes: they darken as they pile up, while the reds beneath keep showing through.
const BLUES: Fills = (
    [
        "#2a7fff", "#2478e6", "#1f6cd0", "#185fbc", "#1252a6", "#0c4592", "#07387e", "#032b6a",
    ],
    0.16,
);
/// Lowest level as a fraction of a grid's maximum; the paper stays white below it.
const LOWEST: f64 = 0.05;
const LINES: [&str; 6] = [
    "#4292c6", "#d1495b", "#2a9d6f", "#8a5fbf", "#e0912f", "#8c6d5a",
];
const TICKS: usize = 5;
/// The range of no numbers, to be widened.
const NOTHING: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);

/// A legend entry: its label and its swatch, bars of (start, end, colour, opacity).
struct Key<'a> {
    label: &'a str,
    thickness: f64,
    bars: Vec<(f64, f64, &'static str, f64)>,
}

/// One plot of a sheet; the contours of `panel` lie beneath its axes.
struct Cell<'a> {
    layout: Layout,
    plots: Vec<Plot>,
    panel: Option<&'a Panel<'a>>,
}

/// A picture of plots of the same size above a common legend.
struct Sheet<'a> {
    columns: usize,
    size: (f64, f64),
    scale: f64,
    y_label: &'a str,
    legend: Vec<Key<'a>>,
    cells: Vec<Cell<'a>>,
}

/// Writes `stem`.png and `stem`.svg: filled contours of both densities with axes and a legend.
pub fn density_figure(panel: &Panel, stem: &Path) -> Result<(), String> {
    densities(std::slice::from_ref(panel), 1, 560.0, 1.1, stem)
}

/// All panels on common axes as one picture in a grid of `columns` columns, PNG and SVG.
pub fn overview_figure(panels: &[Panel], columns: usize, stem: &Path) -> Result<(), String> {
    densities(panels, columns, 270.0, 0.85, stem)
}

/// Training curves as small multiples in a grid of `columns` columns, PNG and SVG.
pub fn curve_figure(panels: &[Curves], columns: usize, stem: &Path) -> Result<(), String> {
    let (size, scale, dark) = ((380.0, 270.0), 0.85, "#333333");
    let mut legend: Vec<Key> = Vec::new();
    let mut cells = Vec::new();
    let mut explain = |label, bars: Vec<_>| {
        if !legend
            .iter()
            .any(|key| key.label == label && key.bars == bars)
        {
            legend.push(Key {
                label,
                thickness: 0.15,
                bars,
            });
        }
    };
    for curves in panels {
        let [x, y] = extent(curves).map_err(|problem| format!("{:?}: {problem}", curves.title))?;
        let mut layout = axes(curves.title, x, y, size, scale).with_x_label("iteration");
        let mut plots = Vec::new();
        for ((name, points), color) in curves.series.iter().zip(LINES.iter().cycle()) {
            explain(name, vec![(0.0, 1.0, *color, 1.0)]);
            let line = LinePlot::new().with_data(thin(points, size.0 as usize));
            plots.push(line.with_color(*color).with_stroke_width(1.5).into());
        }
        if let Some((name, level)) = curves.reference {
            explain(
                name,
                [0.0, 0.36, 0.72].map(|x| (x, x + 0.28, dark, 1.0)).to_vec(),
            );
            // Long dashes, because kuva does not scale them up with the PNG.
            let line = ReferenceLine::horizontal(level).with_dasharray("12 9");
            layout = layout.with_reference_line(line.with_color(dark).with_stroke_width(1.5));
        }
        cells.push(Cell {
            layout,
            plots,
            panel: None,
        });
    }
    Sheet {
        columns,
        size,
        scale,
        y_label: "value",
        legend,
        cells,
    }
    .write(stem)
}

fn densities<'a>(
    panels: &'a [Panel<'a>],
    columns: usize,
    side: f64,
    scale: f64,
    stem: &Path,
) -> Result<(), String> {
    let (mut x, mut y) = (NOTHING, NOTHING);
    for panel in panels {
        for (name, grid) in [("data", panel.data), ("model", panel.model)] {
            check(grid).map_err(|problem| format!("{name} of {:?}: {problem}", panel.title))?;
            widen(&mut x, [grid.x.0, grid.x.1]);
            widen(&mut y, [grid.y.0, grid.y.1]);
        }
    }
    // Equal aspect; kuva pads the axis of a very short side, which gets more room than it needs.
    let (width, height) = (x.1 - x.0, y.1 - y.0);
    let size = [width, height].map(|length| side * (length / width.max(height)).max(0.4));
    let size = (size[0], size[1]);
    let cell = |panel: &'a Panel<'a>| {
        let &Panel {
            title, subtitle, ..
        } = panel;
        let mut layout = axes(title, x, y, size, scale)
            .with_x_label("x₁")
            .with_equal_aspect();
        if !subtitle.is_empty() {
            let characters = (size.0 / (7.6 * scale)) as usize;
            layout = layout
                .with_subtitle(subtitle)
                .with_subtitle_wrap(characters);
        }
        // Without any plot kuva would leave the axes out, hence a line without points.
        let plots = vec![LinePlot::new().into()];
        Cell {
            layout: layout.with_show_grid(false),
            plots,
            panel: Some(panel),
        }
    };
    let key = |label, (colors, opacity): Fills| {
        let bars = colors.into_iter().enumerate();
        let bars = bars
            .map(|(i, color)| (i as f64 / 8.0, 1.0, color, opacity))
            .collect();
        Key {
            label,
            thickness: 0.8,
            bars,
        }
    };
    let legend = vec![key("data P", REDS), key("model Q", BLUES)];
    let cells = panels.iter().map(cell).collect();
    Sheet {
        columns,
        size,
        scale,
        y_label: "x₂",
        legend,
        cells,
    }
    .write(stem)
}

fn widen(range: &mut (f64, f64), values: impl IntoIterator<Item = f64>) {
    for value in values {
        *range = (range.0.min(value), range.1.max(value));
    }
}

/// Refuses ranges for which rounding or tick labels would fail.
fn drawable(axis: &str, (low, high): (f64, f64)) -> Result<(), String> {
    let span = high - low;
    if (1e-12..=1e12).contains(&span) && span > 1e-9 * low.abs().max(high.abs()) {
        return Ok(());
    }
    Err(format!("cannot draw {axis} from {low} to {high}"))
}

fn check(grid: &Grid) -> Result<(), String> {
    let (columns, rows, count) = (grid.columns, grid.rows, grid.values.len());
    if columns < 2 || rows < 2 || columns.checked_mul(rows) != Some(count) {
        return Err(format!(
            "{count} values for a grid of {columns} columns and {rows} rows"
        ));
    }
    if let Some(value) = grid.values.iter().find(|v| !v.is_finite() || **v < 0.0) {
        return Err(format!("{value} is not a density"));
    }
    drawable("x", grid.x).and(drawable("y", grid.y))
}

/// The axes that hold every point and the reference.
fn extent(curves: &Curves) -> Result<[(f64, f64); 2], String> {
    let (mut x, mut y) = (NOTHING, NOTHING);
    for (name, points) in &curves.series {
        if points.len() < 2 || points.iter().any(|p| !p.0.is_finite() || !p.1.is_finite()) {
            return Err(format!("{name:?} needs two points or more, all finite"));
        }
        widen(&mut x, points.iter().map(|p| p.0));
        widen(&mut y, points.iter().map(|p| p.1));
    }
    if let Some((name, level)) = curves.reference {
        drawable(name, (level, level + level.abs().max(1.0)))?;
        widen(&mut y, [level]);
    }
    if y.0 == y.1 {
        // A constant needs an axis around it.
        let room = 0.1 * y.0.abs().max(1.0);
        y = (y.0 - room, y.1 + room);
    }
    drawable("iterations", x).and(drawable("values", y))?;
    Ok([x, auto_nice_range(y.0, y.1, TICKS)])
}

/// At most two points per pixel, the lowest and the highest of each run, so that no spike is lost.
fn thin(points: &[(f64, f64)], pixels: usize) -> Vec<(f64, f64)> {
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

fn axes(title: &str, x: (f64, f64), y: (f64, f64), size: (f64, f64), scale: f64) -> Layout {
    // The fewest decimals that tell the ticks apart; kuva's own format stops at three.
    let ticks = |(low, high)| {
        let step = compute_tick_step(low, high, TICKS);
        let whole = |decimals: &i32| {
            let scaled = step * 10f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        };
        TickFormat::Fixed((0..15).find(whole).unwrap_or(15) as usize)
    };
    let grid_color = "#e6e6e6".into();
    let mut layout = Layout::new(x, y)
        .with_x_axis_min(x.0)
        .with_x_axis_max(x.1)
        .with_y_axis_min(y.0)
        .with_y_axis_max(y.1)
        .with_x_tick_format(ticks(x))
        .with_y_tick_format(ticks(y))
        .with_ticks(TICKS)
        .with_box_axes()
        .with_theme(Theme {
            grid_color,
            ..Theme::light()
        })
        .with_scale(scale);
    if !title.is_empty() {
        layout = layout
            .with_title(title)
            .with_title_wrap((size.0 / (10.8 * scale)) as usize);
    }
    layout
}

impl Sheet<'_> {
    fn write(self, stem: &Path) -> Result<(), String> {
        if self.cells.is_empty() || self.columns == 0 {
            return Err(format!(
                "no figure of {} panels in {} columns",
                self.cells.len(),
                self.columns
            ));
        }
        let font = 14.0 * self.scale;
        // The same margins everywhere, so that the plots line up whatever their ticks and titles.
        let mut margins = [0.0f64; 4];
        for cell in &self.cells {
            let own = ComputedLayout::from_layout(&cell.layout);
            let own = [
                own.margin_left,
                own.margin_right,
                own.margin_top,
                own.margin_bottom,
            ];
            margins = std::array::from_fn(|i| margins[i].max(own[i]));
        }
        let [mut left, right, top, bottom] = margins;
        left += text_width(self.y_label, font) - font;
        let (width, height) = (left + self.size.0 + right, top + self.size.1 + bottom);
        let columns = self.columns.min(self.cells.len());
        let rows = self.cells.len().div_ceil(columns);
        let mut scene = Scene::new(columns as f64 * width, rows as f64 * height);
        for (i, cell) in self.cells.into_iter().enumerate() {
            let (x, y) = ((i % columns) as f64 * width, (i / columns) as f64 * height);
            scene.add(Primitive::GroupStart {
                transform: Some(format!("translate({x:.2},{y:.2})")),
                title: None,
                extra_attrs: None,
            });
            let layout = cell.layout.with_width(width).with_height(height);
            let layout = layout
                .with_force_margins(left, right)
                .with_force_margins_y(top, bottom);
            if let Some(panel) = cell.panel {
                let axes = ComputedLayout::from_layout(&layout);
                contours(panel.data, REDS, &axes, &mut scene);
                contours(panel.model, BLUES, &axes, &mut scene);
            }
            let plot = render_multiple(cell.plots, layout);
            // kuva numbers its clip paths through the process, so they would change the bytes of
            // the same figure drawn again; nothing here reaches beyond its axes anyway.
            let clip =
                |e: &Primitive| matches!(e, Primitive::ClipStart { .. } | Primitive::ClipEnd);
            scene
                .elements
                .extend(plot.elements.into_iter().filter(|element| !clip(element)));
            scene.font_family = plot.font_family;
            // Upright, since kuva draws turned text without anti-aliasing in a PNG.
            text(
                &mut scene,
                self.y_label,
                0.4 * font,
                top + self.size.1 / 2.0,
                font,
            );
            scene.add(Primitive::GroupEnd);
        }
        add_legend(&mut scene, &self.legend, font);
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
}

/// A safe guess; kuva keeps its font metrics to itself.
fn text_width(text: &str, font: f64) -> f64 {
    0.6 * font * text.chars().count() as f64
}

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

/// A centred row of entries below everything else, or several if they do not fit into one.
fn add_legend(scene: &mut Scene, legend: &[Key], font: f64) {
    let swatch = 3.0 * font;
    let width = |key: &Key| swatch + text_width(key.label, font) + 2.0 * font;
    let mut keys = legend.iter().peekable();
    while keys.peek().is_some() {
        let mut row = Vec::new();
        let mut used = 0.0;
        while let Some(key) = keys.next_if(|key| used == 0.0 || used + width(key) < scene.width) {
            row.push((key, used));
            used += width(key);
        }
        let middle = scene.height + 0.8 * font;
        for (key, x) in row {
            let x = x + (scene.width - used) / 2.0 + 0.7 * font;
            let (y, thickness) = (middle - 0.5 * key.thickness * font, key.thickness * font);
            for (start, end, color, opacity) in &key.bars {
                let (from, length) = (x + start * swatch, (end - start) * swatch);
                let d = format!("M{from:.2} {y:.2}h{length:.2}v{thickness:.2}h-{length:.2}z");
                fill(scene, d, color, *opacity);
            }
            text(scene, key.label, x + swatch + 0.5 * font, middle, font);
        }
        scene.height += 2.0 * font;
    }
}

/// Fills where the density reaches each level, the higher upon the lower.
fn contours(grid: &Grid, (colors, opacity): Fills, axes: &ComputedLayout, scene: &mut Scene) {
    let top = grid.values.iter().copied().fold(0.0, f64::max);
    for (i, color) in colors.into_iter().enumerate() {
        let level = top * (LOWEST + (1.0 - LOWEST) * i as f64 / colors.len() as f64);
        // All rings as one closed line, since kuva's PNG fills every subpath by itself, even the
        // holes. It goes from ring to ring along level lines and a line outside of the picture,
        // there and back, which encloses nothing.
        let mut d = String::from("M-9 0");
        for ring in rings(grid, level, axes) {
            d += &format!("V{:.2}", ring[0].1);
            for (x, y) in ring.iter().chain(&ring[..1]) {
                d += &format!("L{x:.2} {y:.2}");
            }
            d += "H-9";
        }
        fill(scene, d + "z", color, opacity);
    }
}

/// Closed outlines, in pixels, of where a density reaches a level: marching squares.
///
/// The inside is always on the same side, so holes turn the other way. A frame of zeros on the
/// border of the grid closes the outlines that would leave it.
fn rings(grid: &Grid, level: f64, axes: &ComputedLayout) -> Vec<Vec<(f64, f64)>> {
    let (columns, rows) = (grid.columns + 2, grid.rows + 2);
    let inner = |i: usize, count: usize| i.clamp(1, count) - 1;
    let value = |node: usize| {
        let (row, column) = (node / columns, node % columns);
        let (r, c) = (inner(row, grid.rows), inner(column, grid.columns));
        if (r + 1, c + 1) == (row, column) {
            grid.values[r * grid.columns + c]
        } else {
            0.0
        }
    };
    let place = |node: usize| {
        let along = |range: (f64, f64), i, count| {
            range.0 + (range.1 - range.0) * inner(i, count) as f64 / (count - 1) as f64
        };
        let x = along(grid.x, node % columns, grid.columns);
        let y = along(grid.y, node / columns, grid.rows);
        (axes.map_x(x), axes.map_y(y))
    };
    // Edge 2n leads from node n to the next column, edge 2n + 1 to the next row. In each square,
    // the outline goes from the edge that leaves the inside to the next edge round that enters it.
    let mut next = vec![None; 2 * columns * rows];
    for node in (0..columns * (rows - 1)).filter(|node| node % columns < columns - 1) {
        let corners = [node, node + 1, node + columns + 1, node + columns];
        let edges = [2 * node, 2 * node + 3, 2 * (node + columns), 2 * node + 1];
        let inside = corners.map(|corner| level > 0.0 && value(corner) >= level);
        for i in (0..4).filter(|&i| inside[i] && !inside[(i + 1) % 4]) {
            let enters = |j: &usize| !inside[*j] && inside[(*j + 1) % 4];
            next[edges[i]] = (i + 1..i + 4).map(|j| j % 4).find(enters).map(|j| edges[j]);
        }
    }
    let mut rings = Vec::new();
    for start in 0..next.len() {
        let (mut ring, mut edge): (Vec<(f64, f64)>, _) = (Vec::new(), start);
        while let Some(following) = next[edge].take() {
            let (a, b) = (edge / 2, edge / 2 + [1, columns][edge % 2]);
            let t = (level - value(a)) / (value(b) - value(a));
            let ((ax, ay), (bx, by)) = (place(a), place(b));
            let (x, y) = (ax + t * (bx - ax), ay + t * (by - ay));
            // Steps of less than a pixel would only make the file larger.
            if ring
                .last()
                .is_none_or(|last| (last.0 - x).hypot(last.1 - y) > 0.8)
            {
                ring.push((x, y));
            }
            edge = following;
        }
        if !ring.is_empty() {
            rings.push(ring);
        }
    }
    rings
}
