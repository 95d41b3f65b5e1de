//! Two moons, as a law: its density is known, and so is the best classifier.

use fenchel::distribution::{DistributionError, Gaussian, Mixture};
use fenchel::nalgebra::{DMatrix, DVector};

/// Half a circle, blurred: a mixture of Gaussians along it.
pub type Moon = Mixture<Gaussian<f64>>;

fn moon(side: f64) -> Result<Moon, DistributionError> {
    let blob = |i: i32| {
        let (sin, cos) = (std::f64::consts::PI * (f64::from(i) + 0.5) / 50.0).sin_cos();
        // One is above and to the left, the other its image at the origin.
        let mean = DVector::from_vec(vec![side * (cos - 0.5), side * (sin - 0.25)]);
        Gaussian::new(mean, DMatrix::from_diagonal_element(2, 2, 0.04))
    };
    Mixture::new(&[1.0; 50], (0..50).map(blob).collect::<Result<_, _>>()?)
}

/// Both moons, equally likely; a component is a moon.
pub fn two_moons() -> Result<Mixture<Moon>, DistributionError> {
    Mixture::new(&[1.0, 1.0], vec![moon(1.0)?, moon(-1.0)?])
}
