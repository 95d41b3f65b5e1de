//! Which columns a gather takes: patterns that are told in a few numbers, so that no list of indices is ever stored.

use super::TapeError;

/// A choice of columns, possibly repeated, in an order of its own.
///
/// A gather copies them; a scatter, its adjoint, adds each back to where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selection {
    /// The columns are `blocks` blocks of `width`; of each, those from `start` to before `start + len` are taken.
    Blocks {
        /// The number of blocks.
        blocks: usize,
        /// Columns in a block.
        width: usize,
        /// The first column taken of a block.
        start: usize,
        /// The number taken.
        len: usize,
    },
    /// The columns are a table of `rows` times `columns`, row after row; they are taken column after column.
    Transpose {
        /// Rows of the table.
        rows: usize,
        /// Columns of the table.
        columns: usize,
    },
    /// The pixels of all windows of an image; see [`Windows`].
    Windows(Windows),
}

/// The windows that a kernel sees as it moves over an image.
///
/// An image is a row: pixel after pixel, line after line, the channels of a pixel side by side (NHWC). The windows are laid out with the
/// *window* changing fastest and the place within a window (line, pixel, channel) slowest: reshaped to one window a row, they are the
/// matrix that a convolution multiplies by its kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Height, width and channels of the image.
    pub image: [usize; 3],
    /// Height and width of a window.
    pub kernel: [usize; 2],
    /// How far the window moves, down and to the right.
    pub strides: [usize; 2],
    /// The distance that neighbouring pixels *of the image* are set apart first, with zeros between them, as for a transposed convolution; 1 leaves them where they
    /// are.
    pub dilation: [usize; 2],
    /// What is put around the image: above and below, left and right.
    pub padding: [[usize; 2]; 2],
    /// With what.
    pub edge: Edge,
}

/// What lies beyond the edge of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Zeros.
    Zero,
    /// The nearest pixel, again; between pixels that are set apart, the one before. For a maximum this is as good as nothing there.
    Nearest,
}

impl Windows {
    /// How many windows there are, down and across; none if the kernel or an image is larger than what it moves over.
    pub fn positions(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.positions_along(axis).unwrap_or(0))
    }

    fn positions_along(&self, axis: usize) -> Option<usize> {
        let [low, high] = self.padding[axis];
        let spread = self.image[axis].checked_sub(1)?.checked_mul(self.dilation[axis])?.checked_add(1)?;
        let room = spread.checked_add(low)?.checked_add(high)?.checked_sub(self.kernel[axis])?;
        if self.kernel[axis] == 0 || self.dilation[axis] == 0 {
            None
        } else {
            Some(room.checked_div(self.strides[axis])? + 1)
        }
    }

    /// Entries in a window.
    pub fn window(&self) -> Option<usize> {
        let [height, width] = self.kernel;
        height.checked_mul(width)?.checked_mul(self.image[2])
    }

    /// The pixel that a window at `position` sees at `offset`, along an axis.
    fn pixel(&self, axis: usize, position: usize, offset: usize) -> Option<usize> {
        let (at, low, dilation) = (position * self.strides[axis] + offset, self.padding[axis][0], self.dilation[axis]);
        let last = self.image[axis] - 1;
        match self.edge {
            Edge::Nearest => Some((at.saturating_sub(low) / dilation).min(last)),
            Edge::Zero => {
                let at = at.checked_sub(low)?;
                (at.is_multiple_of(dilation) && at / dilation <= last).then_some(at / dilation)
            }
        }
    }

    /// See [`Selection::each`]. By loops, because to find the place of a column by itself takes a dozen divisions.
    fn each(&self, mut take: impl FnMut(Option<usize>)) {
        let ([down, across], [_, width, channels]) = (self.positions(), self.image);
        for [below, right] in (0..self.kernel[0]).flat_map(|below| (0..self.kernel[1]).map(move |right| [below, right]))
        {
            for channel in 0..channels {
                for window_line in 0..down {
                    let line = self.pixel(0, window_line, below);
                    for window in 0..across {
                        let pixel = line.zip(self.pixel(1, window, right));
                        take(pixel.map(|(line, pixel)| (line * width + pixel) * channels + channel));
                    }
                }
            }
        }
    }
}

impl Selection {
    /// Columns `start` to before `start + len` of a matrix with `width` columns.
    pub fn range(start: usize, len: usize, width: usize) -> Self {
        Self::Blocks { blocks: 1, width, start, len }
    }

    /// The number of columns that are chosen from, and the number chosen; an error if there can be no such choice.
    pub(crate) fn columns(&self) -> Result<(usize, usize), TapeError> {
        let counts = match *self {
            Self::Blocks { blocks, width, start, len } => match start.checked_add(len) {
                Some(end) if end <= width => blocks.checked_mul(width).map(|all| (all, blocks * len)),
                _ => None,
            },
            Self::Transpose { rows, columns } => rows.checked_mul(columns).map(|all| (all, all)),
            Self::Windows(windows) => {
                let [height, width, channels] = windows.image;
                let [down, across] = windows.positions();
                let all = height.checked_mul(width).and_then(|pixels| pixels.checked_mul(channels));
                let chosen = down.checked_mul(across).zip(windows.window()).and_then(|(n, size)| n.checked_mul(size));
                all.zip(chosen).filter(|&(all, _)| all > 0 && down > 0 && across > 0)
            }
        };
        counts.ok_or(TapeError::Selection { selection: *self })
    }

    /// Calls `take` with every column that is taken, in order; `None` stands for zeros.
    pub(crate) fn each(&self, mut take: impl FnMut(Option<usize>)) {
        match *self {
            Self::Blocks { blocks, width, start, len } => {
                (0..blocks)
                    .for_each(|block| (start..start + len).for_each(|column| take(Some(block * width + column))));
            }
            Self::Transpose { rows, columns } => {
                (0..columns).for_each(|column| (0..rows).for_each(|row| take(Some(row * columns + column))));
            }
            Self::Windows(windows) => windows.each(take),
        }
    }
}
