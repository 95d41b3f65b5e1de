//! Command-line arguments of `fgan_table`.

use std::path::PathBuf;

/// What to run, and where to write.
pub struct Arguments {
    /// The first seed.
    pub seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// A short run that only shows that everything works.
    pub quick: bool,
    /// The folder of the tables and the picture.
    pub out: PathBuf,
    /// The divergences to train; all if empty.
    pub only: Vec<String>,
}

const HELP: &str = "\
Table 3 of the f-GAN paper: a Gaussian trained to each divergence from samples, beside the exact optimum.

usage: cargo run --release --example fgan_table -- [options]

  --seed N        the first seed of everything random (default 1)
  --seeds N       how many seeds; the tables then show medians (default 1)
  --only NAME,... some of the divergences: ";

impl Arguments {
    /// Reads the command line, where `names` are the divergences that there are; `None` if it asked for help, which is then printed.
    pub fn parse(names: &[&str]) -> Result<Option<Self>, Box<dyn std::error::Error + Send + Sync>> {
        use lexopt::prelude::{Long, Short, ValueExt};

        let out = PathBuf::from("target/fgan_table");
        let mut arguments = Self { seed: 1, seeds: 1, quick: false, out, only: Vec::new() };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("seed") => arguments.seed = parser.value()?.parse()?,
                Long("seeds") => arguments.seeds = parser.value()?.parse()?,
                Long("quick") => arguments.quick = true,
                Long("out") => arguments.out = parser.value()?.into(),
                Long("only") => arguments.only.extend(parser.value()?.string()?.split(',').map(String::from)),
                Long("help") | Short('h') => {
                    println!("{HELP}{}", names.join(","));
                    println!("  --quick         a few hundred steps, to see that it works");
                    println!("  --out DIR       folder for the tables and the picture (default target/fgan_table)");
                    println!("  --help          this text");
                    return Ok(None);
                }
                other => return Err(other.unexpected().into()),
            }
        }
        if let Some(unknown) = arguments.only.iter().find(|only| !names.contains(&only.as_str())) {
            return Err(format!("--only {unknown:?}: there are {}", names.join(",")).into());
        }
        let last = arguments.seeds.checked_sub(1).and_then(|more| arguments.seed.checked_add(more));
        if last.is_none() {
            return Err(format!("--seeds {} from {} on is no range of seeds", arguments.seeds, arguments.seed).into());
        }
        Ok(Some(arguments))
    }

    /// Makes sure, before anything is trained, that the folder can be written to.
    pub fn check_writable(&self) -> Result<(), String> {
        let probe = self.out.join(".writable");
        let write = || {
            std::fs::create_dir_all(&self.out)
                .and_then(|()| std::fs::write(&probe, ""))
                .and_then(|()| std::fs::remove_file(&probe))
        };
        write().map_err(|error| format!("cannot write to {}: {error}", self.out.display()))
    }
}
