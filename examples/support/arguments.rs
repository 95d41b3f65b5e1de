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

/// What the help says, and whether there is a summary to ask for.
struct About<'a> {
    /// Its name, and what else it takes to run it.
    example: &'a str,
    what: &'a str,
    quick: &'a str,
    out: &'a str,
    json: bool,
}

impl About<'_> {
    fn folder(&self) -> PathBuf {
        PathBuf::from("target").join(self.example.split(' ').next().unwrap_or_default())
    }

    fn help(&self) -> String {
        let Self { example, what, quick, out, json } = self;
        let json = if *json { "  --json FILE   write a summary as JSON\n" } else { "" };
        format!(
            "{what}\n\nusage: cargo run --release --example {example} -- [options]\n\n  \
             --seed N      seed of everything random (default 1)\n  \
             --quick       {quick}, to see that it works\n  \
             --out DIR     folder for the {out} (default {})\n{json}  \
             --help        this text",
            self.folder().display()
        )
    }
}

impl Arguments {
    /// Reads the command line of `forward_vs_reverse`; `None` if it asked for help, which is then printed.
    pub fn parse() -> Result<Option<Self>, lexopt::Error> {
        Self::read(&About {
            example: "forward_vs_reverse",
            what: "Forward against reverse KL on a mixture of two Gaussians.",
            quick: "a few hundred iterations",
            out: "pictures",
            json: true,
        })
    }

    /// The same for the examples of the course, which write no summary.
    pub fn parse_course(example: &str, what: &str) -> Result<Option<Self>, lexopt::Error> {
        Self::read(&About { example, what, quick: "less of everything", out: "files", json: false })
    }

    fn read(about: &About) -> Result<Option<Self>, lexopt::Error> {
        use lexopt::prelude::{Long, Short, ValueExt};

        let mut arguments = Self { seed: 1, quick: false, out: about.folder(), json: None };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("seed") => arguments.seed = parser.value()?.parse()?,
                Long("quick") => arguments.quick = true,
                Long("out") => arguments.out = parser.value()?.into(),
                Long("json") if about.json => arguments.json = Some(parser.value()?.into()),
                Long("help") | Short('h') => {
                    println!("{}", about.help());
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
