//! A network as a table.

use std::fmt;

use super::{Layer, Port, Width};
use crate::autodiff::{Params, Path, Tape, TapeError};
use crate::real::Real;

/// A line of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSummary {
    /// Where the layer is, such as `2`; empty for a layer on its own.
    pub path: String,
    /// Its name.
    pub layer: String,
    /// The width of its output.
    pub width: String,
    /// Numbers that are trained.
    pub parameters: usize,
    /// Numbers that are tracked: running means, say.
    pub tracked: usize,
}

/// The layers of a network, in the order in which they compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// A line for each.
    pub layers: Vec<LayerSummary>,
}

impl Summary {
    /// Numbers that are trained, in all layers.
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|line| line.parameters).sum()
    }

    /// Numbers that are tracked, in all layers.
    pub fn tracked(&self) -> usize {
        self.layers.iter().map(|line| line.tracked).sum()
    }
}

impl LayerSummary {
    /// The line of a layer of type `L` that gives an output of this width; [`summary`] counts its parameters.
    pub fn new<L: ?Sized, W: fmt::Debug>(at: &Path<'_>, width: W) -> Self {
        let layer = short_name(std::any::type_name::<L>());
        Self { path: at.to_string(), layer, width: format!("{width:?}"), parameters: 0, tracked: 0 }
    }

    /// Is the leaf of this path one of the layer's?
    fn owns(&self, leaf: &str) -> bool {
        leaf.strip_prefix(&self.path)
            .is_some_and(|rest| self.path.is_empty() || rest.starts_with('.') || rest.is_empty())
    }
}

/// The name of a type without the modules that it is in: `SpectralNorm<Dense>`.
fn short_name(full: &str) -> String {
    let mut short = String::new();
    for word in full.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short += word.rsplit("::").next().unwrap_or(word);
    }
    short
}

/// The layers of a network, with the widths that they produce and their numbers of parameters; print it for a table.
///
/// The widths are those of one sample of zeros that goes through the network as in use.
///
/// # Errors
///
/// A network that does not fit its parameters or `width`.
///
/// ```
/// use fenchel::nn::{Dense, Layer, LeakyRelu, summary};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let net = (Dense(32), LeakyRelu, Dense(1));
/// let (_, params) = Layer::<f64>::init(&net, &mut Xoshiro256PlusPlus::seed_from_u64(1), 2)?;
/// let table = summary(&net, &params, 2)?;
/// assert_eq!(table.parameters(), 2 * 32 + 32 + 32 + 1);
/// let expected = "\
/// path  layer      output  parameters
/// 0     Dense      32              96
/// 1     LeakyRelu  32               0
/// 2     Dense      1               33
///       total                     129
/// ";
/// assert_eq!(table.to_string(), expected);
/// # Ok(())
/// # }
/// ```
pub fn summary<T: Real, P: Port, L: Layer<T, P>>(
    net: &L,
    params: &L::Params,
    width: Width<P>,
) -> Result<Summary, TapeError> {
    let tape = Tape::new();
    let mut layers = Vec::new();
    net.summarize(&tape, &params.lift(&tape), P::zeros(&tape, 1, width), &Path::root(), &mut layers);
    tape.check()?;
    params.visit(&Path::root(), &mut |path, leaf| {
        let name = path.to_string();
        // The innermost layer that has it.
        let owner = layers.iter_mut().filter(|line| line.owns(&name)).max_by_key(|line| line.path.len());
        if let Some(line) = owner {
            *(if path.is_tracked() { &mut line.tracked } else { &mut line.parameters }) += leaf.len();
        }
    });
    Ok(Summary { layers })
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = |column: fn(&LayerSummary) -> &str, title: &str| {
            self.layers.iter().map(|line| column(line).chars().count()).chain([title.len()]).max().unwrap_or(0)
        };
        let path = longest(|line| &line.path, "path");
        let layer = longest(|line| &line.layer, "total");
        let width = longest(|line| &line.width, "output");
        let mut write = |[a, b, c]: [&str; 3], count: &str, tracked: usize| {
            write!(f, "{a:path$}  {b:layer$}  {c:width$}  {count:>10}")?;
            if tracked > 0 {
                write!(f, "  and {tracked} tracked")?;
            }
            writeln!(f)
        };
        write(["path", "layer", "output"], "parameters", 0)?;
        for line in &self.layers {
            write([&line.path, &line.layer, &line.width], &line.parameters.to_string(), line.tracked)?;
        }
        write(["", "total", ""], &self.parameters().to_string(), self.tracked())
    }
}
