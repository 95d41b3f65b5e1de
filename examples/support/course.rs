//! How an example of the course begins, and how it fails: in one line.

use std::fmt;

use super::Random;
use super::arguments::Arguments;
use fenchel::rand::SeedableRng;

/// Why an example failed. `main` may return it: it then prints as one line, and the exit code is 1.
pub struct Failure(String);

impl Failure {
    /// A reason of the example's own.
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Arguments {
    /// Reads the command line of an example, and makes sure that its files can be written. If it asks for help, that is all it gets.
    pub fn of(example: &str, what: &str) -> Result<Self, Failure> {
        let Some(arguments) = Self::parse_course(example, what)? else { std::process::exit(0) };
        arguments.check_writable().map_err(Failure)?;
        Ok(arguments)
    }

    /// The generator of this seed.
    pub fn rng(&self) -> Random {
        Random::seed_from_u64(self.seed)
    }
}
