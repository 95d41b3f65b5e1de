//! Values on a grid, and the outlines of where they reach a level.

use fenchel::nalgebra::{DMatrix, DVector};
use kuva::render::layout::ComputedLayout;

use super::figure::Pair;

/// Values of a density on a regular grid; `values[row * columns + column]`, row 0 at the smallest y.
pub struct Grid {
    /// Positions of the first and the last column.
    pub x: Pair,
    /// Positions of the first and the last row.
    pub y: Pair,
    /// Number of columns, at least two.
    pub columns: usize,
    /// Number of rows, at least two.
    pub rows: usize,
    /// The density at each grid point, row by row.
    pub values: Vec<f64>,
}

/// Where a picture looks: a rectangle, and how many points a side of it has.
pub struct Plane {
    /// From where to where.
    pub x: Pair,
    /// Likewise.
    pub y: Pair,
    /// At least two.
    pub nodes: usize,
}

impl Plane {
    /// All points, a row for each.
    pub fn points(&self) -> DMatrix<f64> {
        let at = |(low, high): Pair, i: usize| low + (high - low) * i as f64 / (self.nodes - 1) as f64;
        let (column, row) = (|i| i % self.nodes, |i| i / self.nodes);
        let entry = |i, axis| if axis == 0 { at(self.x, column(i)) } else { at(self.y, row(i)) };
        DMatrix::from_fn(self.nodes * self.nodes, 2, entry)
    }

    /// The values at these points.
    pub fn grid(&self, values: &DVector<f64>) -> Grid {
        let (columns, rows, values) = (self.nodes, self.nodes, values.as_slice().to_vec());
        Grid { x: self.x, y: self.y, columns, rows, values }
    }
}

impl Grid {
    /// Says what is wrong with it, if anything is.
    pub fn check(&self) -> Result<(), String> {
        let &Self { x, y, columns, rows, ref values } = self;
        if columns < 2 || rows < 2 || columns.checked_mul(rows) != Some(values.len()) {
            return Err(format!("{columns} columns by {rows} rows do not fit {} values", values.len()));
        }
        if let Some(value) = values.iter().find(|v| !v.is_finite() || **v < 0.0) {
            return Err(format!("{value} is not a density"));
        }
        if [x, y].iter().all(|(low, high)| low < high && (high - low).is_finite()) {
            return Ok(());
        }
        Err(format!("x {x:?} by y {y:?} is not an area"))
    }

    /// Closed outlines, in pixels, of where a density reaches a level: marching squares.
    ///
    /// The inside is always on the same side, so holes turn the other way. A frame of zeros on the border of the grid
    /// closes the outlines that would leave it.
    pub fn rings(&self, level: f64, axes: &ComputedLayout) -> Vec<Vec<Pair>> {
        let (columns, rows) = (self.columns + 2, self.rows + 2);
        let inner = |i: usize, count: usize| i.clamp(1, count) - 1;
        let value = |node: usize| {
            let (row, column) = (node / columns, node % columns);
            let (r, c) = (inner(row, self.rows), inner(column, self.columns));
            if (r + 1, c + 1) == (row, column) { self.values[r * self.columns + c] } else { 0.0 }
        };
        let place = |node: usize| {
            let along = |(low, high), i, count| low + (high - low) * inner(i, count) as f64 / (count - 1) as f64;
            let x = along(self.x, node % columns, self.columns);
            let y = along(self.y, node / columns, self.rows);
            (axes.map_x(x), axes.map_y(y))
        };
        // Edge 2n leads from node n to the next column, edge 2n + 1 to the next row. Going round a square, its piece of
        // the outline leads from the edge that leaves the inside to the next one that enters it.
        let mut next = vec![None; 2 * columns * rows];
        for node in (0..columns * (rows - 1)).filter(|node| node % columns < columns - 1) {
            let corners = [node, node + 1, node + columns + 1, node + columns];
            let edges = [2 * node, 2 * node + 3, 2 * (node + columns), 2 * node + 1];
            let inside = corners.map(|corner| value(corner) >= level);
            for i in (0..4).filter(|&i| inside[i] && !inside[(i + 1) % 4]) {
                let enters = |j: &usize| !inside[*j] && inside[(*j + 1) % 4];
                next[edges[i]] = (i + 1..i + 4).map(|j| j % 4).find(enters).map(|j| edges[j]);
            }
        }
        let mut rings = Vec::new();
        for start in 0..next.len() {
            let (mut ring, mut edge): (Vec<Pair>, _) = (Vec::new(), start);
            while let Some(following) = next[edge].take() {
                let (a, b) = (edge / 2, edge / 2 + [1, columns][edge % 2]);
                let t = (level - value(a)) / (value(b) - value(a));
                let ((ax, ay), (bx, by)) = (place(a), place(b));
                let (x, y) = (ax + t * (bx - ax), ay + t * (by - ay));
                // Steps of less than a pixel would only make the file larger.
                if ring.last().is_none_or(|last| (last.0 - x).hypot(last.1 - y) > 0.8) {
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
}
