//! What is worked on: laws, rows, and the files in which Python gets the same ones.

use std::fs;
use std::path::{Path, PathBuf};

use fenchel::distribution::{Gaussian, Mixture, Moments, SampleRows};
use fenchel::nalgebra::{DMatrix, DVector};
use fenchel::rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

use crate::Failure;

pub type Law = Mixture<Gaussian<f64>>;

pub fn rng(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// A mixture of `components` Gaussians on ℝᵈ with full covariances, which overlap: EM is not done with them in a few steps.
pub fn law(dimension: usize, components: usize) -> Result<Law, Failure> {
    let mut rng = rng(7);
    let normals = Gaussian::<f64>::standard(dimension)?;
    let parts = (0..components).map(|_| {
        let mean = normals.sample_rows(1, &mut rng)?.transpose() * 1.5;
        let root = normals.sample_rows(dimension, &mut rng)?;
        let covariance = &root * root.transpose() / dimension as f64 + DMatrix::identity(dimension, dimension) * 0.5;
        Ok::<_, Failure>(Gaussian::new(mean.column(0).into_owned(), covariance)?)
    });
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    let weights: Vec<_> = (0..components).map(|k| if k == 0 { 3.0 } else { 1.0 }).collect();
    Ok(Mixture::new(&weights, parts)?)
}

/// Where EM starts: the first rows as means, equal weights, the covariance of all rows.
pub fn start(rows: &DMatrix<f64>, pooled: &DMatrix<f64>, components: usize) -> Result<Law, Failure> {
    let mean = |k: usize| -> DVector<f64> { rows.row(k).transpose() };
    let parts = (0..components).map(|k| Gaussian::new(mean(k), pooled.clone()));
    Ok(Mixture::new(&vec![1.0; components], parts.collect::<Result<_, _>>()?)?)
}

/// A directory for the files, gone when this is.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("fenchel-peers-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn put_rows(&self, rows: &DMatrix<f64>) -> Result<(), Failure> {
        self.put("rows", rows.iter())
    }

    /// Weights, means, covariances; these are symmetric, so their order does not matter.
    pub fn put_law(&self, file: &str, law: &Law) -> Result<(), Failure> {
        let means: Vec<_> = law.components().iter().map(Moments::mean).collect();
        let covariances: Vec<_> = law.components().iter().map(Moments::covariance).collect();
        let numbers = law.weights().iter().chain(means.iter().flatten()).chain(covariances.iter().flatten());
        self.put(file, numbers)
    }

    fn put<'a>(&self, file: &str, numbers: impl Iterator<Item = &'a f64>) -> Result<(), Failure> {
        Ok(fs::write(self.0.join(file), numbers.flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())?)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left over lies in the directory for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
