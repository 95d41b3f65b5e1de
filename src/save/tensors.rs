//! Parameters as named tensors.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::DMatrix;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::json;

use super::SaveError;
use crate::autodiff::{Params, Path};
use crate::real::Real;

/// A number that a file can hold: `f32` and `f64`.
pub trait Stored: Real + sealed::Bytes {}

impl Stored for f32 {}
impl Stored for f64 {}

mod sealed {
    use safetensors::tensor::Dtype;

    pub trait Bytes: Sized {
        const NAME: &'static str;
        const DTYPE: Dtype;
        fn write(self, bytes: &mut Vec<u8>);
        fn read(bytes: &[u8]) -> impl Iterator<Item = Self>;
    }

    macro_rules! bytes {
        ($type:ident $dtype:ident) => {
            impl Bytes for $type {
                const NAME: &'static str = stringify!($type);
                const DTYPE: Dtype = Dtype::$dtype;

                fn write(self, bytes: &mut Vec<u8>) {
                    bytes.extend(self.to_le_bytes());
                }

                fn read(bytes: &[u8]) -> impl Iterator<Item = Self> {
                    bytes.as_chunks().0.iter().map(|&chunk| Self::from_le_bytes(chunk))
                }
            }
        };
    }
    bytes!(f32 F32);
    bytes!(f64 F64);
}

/// The note that holds the checksum.
const CHECKSUM: &str = "fenchel.crc32";

/// The note that says that there is one, or a damaged name of it would pass for a note of somebody else's.
const IS_CHECKED: (&str, &str) = ("fenchel.checked_by", "crc32");

/// The name under which a header keeps its notes.
const NOTES: &str = "__metadata__";

/// What names of such notes begin with.
const OWN: &str = "fenchel.";

/// A tree that is a single matrix has no path; in a file it needs a name.
const ROOT: &str = "value";

fn name(path: &Path<'_>) -> String {
    let path = path.to_string();
    if path.is_empty() { ROOT.to_owned() } else { path }
}

/// Of all notes and tensors, in the order of their names.
fn checksum<'a>(
    notes: &BTreeMap<String, String>,
    tensors: impl Iterator<Item = (&'a String, &'a [usize], &'a [u8])>,
) -> String {
    let mut hasher = crc32fast::Hasher::new();
    // With their lengths, so that no letter goes from one text to the next.
    let mut update = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for (name, text) in notes {
        update(name.as_bytes());
        update(text.as_bytes());
    }
    for (name, shape, bytes) in tensors {
        update(name.as_bytes());
        shape.iter().for_each(|&size| update(&(size as u64).to_le_bytes()));
        update(bytes);
    }
    format!("{:08x}", hasher.finalize())
}

/// The parameters as the bytes of a safetensors file: a tensor for every leaf, called by its path, with two axes, row-major, as numpy has it; and notes, text
/// by name, to which a checksum is added.
///
/// # Errors
///
/// Two leaves with one path, or one with the path `__metadata__`, which a file has for its notes; two notes of one name, or one of a name that begins with `fenchel.`.
///
/// ```
/// use fenchel::nn::{Dense, Layer};
/// use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
/// use fenchel::save::{from_safetensors, to_safetensors};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
/// let (_, params) = Layer::<f32>::init(&(Dense(3), Dense(1)), &mut rng, 2)?;
/// let bytes = to_safetensors(&params, &[("trained on", "two moons")])?;
///
/// let (_, mut other) = Layer::<f32>::init(&(Dense(3), Dense(1)), &mut rng, 2)?;
/// let notes = from_safetensors(&bytes, &mut other)?;
/// assert_eq!(other, params);
/// assert_eq!(notes["trained on"], "two moons");
/// assert!(from_safetensors(&bytes[..bytes.len() - 1], &mut other).is_err()); // cut short
/// # Ok(())
/// # }
/// ```
pub fn to_safetensors<T: Stored, P: Params<T>>(params: &P, notes: &[(&str, &str)]) -> Result<Vec<u8>, SaveError> {
    let mut tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    let mut twice = None;
    params.visit(&Path::root(), &mut |path, leaf| {
        let mut bytes = Vec::with_capacity(size_of_val(leaf.as_slice()));
        // Without columns there may be more rows than can be counted through.
        let rows = if leaf.is_empty() { 0 } else { leaf.nrows() };
        (0..rows).for_each(|i| leaf.row(i).iter().for_each(|&x| x.write(&mut bytes)));
        let (path, shape) = (name(path), vec![leaf.nrows(), leaf.ncols()]);
        if tensors.insert(path.clone(), (shape, bytes)).is_some() {
            twice.get_or_insert(path);
        }
    });
    let mut kept = BTreeMap::from([(IS_CHECKED.0.to_owned(), IS_CHECKED.1.to_owned())]);
    for &(name, text) in notes {
        if name.starts_with(OWN) {
            return Err(SaveError::Reserved { name: name.to_owned() });
        }
        if kept.insert(name.to_owned(), text.to_owned()).is_some() {
            twice.get_or_insert(name.to_owned());
        }
    }
    if tensors.contains_key(NOTES) {
        return Err(SaveError::Reserved { name: NOTES.to_owned() });
    }
    if let Some(path) = twice {
        return Err(SaveError::Ambiguous { path });
    }
    let mut notes = kept;
    let checksum = checksum(&notes, tensors.iter().map(|(name, (shape, bytes))| (name, &shape[..], &bytes[..])));
    notes.insert(CHECKSUM.to_owned(), checksum);
    Ok(file::<T>(&notes, &tensors))
}

/// The bytes of a file: the length of the header, the header, the numbers. Written here, because the crate's own writer puts notes in an order that changes
/// from run to run; the same parameters are to make the same file.
fn file<T: Stored>(notes: &BTreeMap<String, String>, tensors: &BTreeMap<String, (Vec<usize>, Vec<u8>)>) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    header.insert(NOTES.to_owned(), json!(notes));
    let mut end = 0;
    for (name, (shape, bytes)) in tensors {
        let offsets = [end, end + bytes.len()];
        end += bytes.len();
        header.insert(name.clone(), json!({ "dtype": T::DTYPE.to_string(), "shape": shape, "data_offsets": offsets }));
    }
    let mut header = serde_json::Value::Object(header).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(8), b' '); // so that the numbers are aligned
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    tensors.values().for_each(|(_, bytes)| file.extend(bytes));
    file
}

fn damaged(error: safetensors::SafeTensorError) -> SaveError {
    SaveError::Damaged { reason: error.to_string() }
}

/// Reads parameters from the bytes of a safetensors file into a tree of the same paths and shapes, and returns the notes of the file.
///
/// # Errors
///
/// A file that is cut short or changed (by its checksum; a file from elsewhere need not have one), and the first tensor that is missing, unexpected, of
/// another shape or of another type; `params` are then as they were.
pub fn from_safetensors<T: Stored, P: Params<T>>(
    bytes: &[u8],
    params: &mut P,
) -> Result<BTreeMap<String, String>, SaveError> {
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let notes = header.metadata().iter().flatten().map(|(name, text)| (name.clone(), text.clone()));
    let mut notes: BTreeMap<String, String> = notes.collect();

    let tensors: BTreeMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
    let expected = notes.remove(CHECKSUM);
    if expected.is_some() != notes.contains_key(IS_CHECKED.0) {
        return Err(SaveError::Damaged {
            reason: "it says that it has a checksum, and has none, or the other way round".to_owned(),
        });
    }
    if let Some(expected) = expected {
        let found = checksum(&notes, tensors.iter().map(|(name, tensor)| (name, tensor.shape(), tensor.data())));
        if found != expected {
            return Err(SaveError::Damaged { reason: format!("the checksum is {found}, not {expected}") });
        }
        notes.remove(IS_CHECKED.0);
    }

    let mut matrices = Vec::new();
    let mut seen = BTreeSet::new();
    let mut result = Ok(());
    params.visit(&Path::root(), &mut |path, leaf| {
        if result.is_err() {
            return;
        }
        let path = name(path);
        match read(&tensors, &path, leaf) {
            Ok(matrix) => matrices.push(matrix),
            Err(error) => result = Err(error),
        }
        if !seen.insert(path.clone()) {
            result = Err(SaveError::Ambiguous { path });
        }
    });
    result?;
    if let Some(path) = tensors.keys().find(|&name| !seen.contains(name)) {
        return Err(SaveError::Unexpected { path: path.clone() });
    }
    let mut matrices = matrices.into_iter();
    params.visit_mut(&Path::root(), &mut |_, leaf| {
        if let Some(matrix) = matrices.next() {
            *leaf = matrix;
        }
    });
    Ok(notes)
}

/// The tensor of this name as a matrix like `leaf`.
fn read<T: Stored>(
    tensors: &BTreeMap<String, TensorView<'_>>,
    path: &str,
    leaf: &DMatrix<T>,
) -> Result<DMatrix<T>, SaveError> {
    let path = path.to_owned();
    let Some(tensor) = tensors.get(&path) else { return Err(SaveError::Missing { path }) };
    let (expected, found) = (vec![leaf.nrows(), leaf.ncols()], tensor.shape().to_vec());
    if expected != found {
        return Err(SaveError::Shape { path, expected, found });
    }
    if tensor.dtype() != T::DTYPE {
        return Err(SaveError::Type { path, expected: T::NAME, found: type_name(tensor.dtype()) });
    }
    Ok(DMatrix::from_row_iterator(leaf.nrows(), leaf.ncols(), T::read(tensor.data())))
}

fn type_name(dtype: Dtype) -> String {
    dtype.to_string().to_lowercase()
}
