//! Command-line arguments.

use std::path::PathBuf;

/// What to run, and where to write.
pub struct Arguments {
    /// Seed of everything random.
    pub seed: u64,
    /// A short run that only shows that everything works.
    pub quick: bool,
    /// The folder of the pictures.
    pub out: PathBuf,
    /// The file of the summary, if one is wanted.
    pub json: Option<PathBuf>,
}

const HELP: &str = "\
Forward against reverse KL on a mixture of two Gaussians.

usage: cargo run --release --example forward_vs_reverse -- [options]

  --seed N      seed of everything random (default 1)
  --quick       a few hundred iterations, to see that it works
  --out DIR     folder for the pictures (default target/forward_vs_reverse)
  --json FILE   write a summary as JSON
  --help        this text";

impl Arguments {
    /// Reads the command line; `None` if it asked for help, which is then printed.
    pub fn parse() -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::{Long, Short, ValueExt};

        let out = PathBuf::from("target/forward_vs_reverse");
        let mut arguments = Self { seed: 1, quick: false, out, json: None };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("seed") => arguments.seed = parser.value()?.parse()?,
                Long("quick") => arguments.quick = true,
                Long("out") => arguments.out = parser.value()?.into(),
                Long("json") => arguments.json = Some(parser.value()?.into()),
                Long("help") | Short('h') => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(arguments))
    }

    /// Makes sure, before anything is trained, that what is asked for can be written.
    pub fn check_writable(&self) -> Result<(), String> {
        std::fs::create_dir_all(&self.out).map_err(|error| format!("cannot make {}: {error}", self.out.display()))?;
        let probe = self.out.join(".writable");
        for file in [Some(&probe), self.json.as_ref()].into_iter().flatten() {
            let open = std::fs::OpenOptions::new().create(true).append(true).open(file);
            open.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        }
        std::fs::remove_file(&probe).map_err(|error| format!("cannot write {}: {error}", self.out.display()))
    }
}
