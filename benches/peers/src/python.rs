//! The contestants that are Python's: `contestants.py` says how to talk to it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Failure;
use crate::contest::Lap;

/// The interpreter that runs `contestants.py`, or why there is none.
pub struct Python(Result<Process, String>);

struct Process {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// The interpreter named by the variable `PYTHON`, or else `python3`, on as many threads.
    pub fn start(threads: usize) -> Self {
        let interpreter = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut command = Command::new(&interpreter);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("contestants.py"));
        for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
            command.env(variable, threads.to_string());
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1"); // no directory for it beside the sources
        // XLA's pool has as many threads as there are cores to run on.
        command.env("XLA_FLAGS", format!("--xla_cpu_multi_thread_eigen={}", threads > 1)).env("JAX_PLATFORMS", "cpu");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(Process::start(command).map_err(|error| format!("{interpreter}: {error}")))
    }

    /// The versions of the libraries.
    pub fn description(&mut self) -> String {
        self.ask(&["versions"]).map_or_else(|error| format!("no Python: {error}"), |answer| answer.join(", "))
    }

    /// Has the contestants of a task read `directory`; says of each that it is ready, with a note, or why not.
    pub fn prepare(&mut self, task: &str, directory: &Path, sizes: &[usize]) -> HashMap<String, String> {
        let sizes: Vec<_> = sizes.iter().map(usize::to_string).collect();
        let directory = directory.to_string_lossy();
        let words = ["prepare", task, &directory].into_iter().chain(sizes.iter().map(String::as_str));
        match self.ask(&words.collect::<Vec<_>>()) {
            Ok(lines) => lines.iter().filter_map(|line| line.split_once('\t')).map(owned).collect(),
            Err(error) => HashMap::from([owned(("*", &error.to_string()))]),
        }
    }

    pub fn run(&mut self, name: &str) -> Result<Lap, Failure> {
        let answer = self.ask(&["run", name])?.concat();
        let (seconds, check) = answer.split_once(' ').ok_or("an answer without a check")?;
        Ok(Lap { seconds: seconds.parse()?, check: Some(check.parse()?) })
    }

    fn ask(&mut self, words: &[&str]) -> Result<Vec<String>, Failure> {
        let process = self.0.as_mut().map_err(|error| error.clone())?;
        writeln!(process.commands, "{}", words.join("\t"))?;
        process.commands.flush()?;
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if process.answers.read_line(&mut line)? == 0 {
                return Err("contestants.py ended; what it wrote above says why".into());
            }
            match line.trim_end() {
                "." => return Ok(lines),
                line => lines.push(line.to_owned()),
            }
        }
    }
}

fn owned((name, state): (&str, &str)) -> (String, String) {
    (name.to_owned(), state.to_owned())
}

impl Process {
    fn start(mut command: Command) -> Result<Self, Failure> {
        let mut child = command.spawn()?;
        let commands = child.stdin.take().ok_or("no standard input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        Ok(Self { child, commands, answers })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
