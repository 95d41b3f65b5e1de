//! Training that is interrupted and goes on as if it had not been, bit for bit: `cargo run --release --features serde,safetensors --example checkpoint`
//!
//! A checkpoint is one safetensors file: the parameters as tensors, which Python reads as well, and optimiser and generator as a note in JSON, all under one
//! checksum. It is written atomically, so a crash leaves the one before; and what is damaged, or of another network, is refused and changes nothing.
#![allow(clippy::print_stdout)] // it is a program
mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use fenchel::autodiff::{Gradients, Tape, value_and_grad};
use fenchel::nalgebra::DMatrix;
use fenchel::nn::{Dense, Layer, LogSoftmax, Tanh};
use fenchel::optim::{Adam, Schedule};
use fenchel::rand::SeedableRng;
use fenchel::save::{from_safetensors, to_safetensors};
use support::{Random, arguments::Arguments, course::Failure, moons};

type Net = (Dense, Tanh, Dense, LogSoftmax);

/// A network, and all that its training goes on from.
struct Training {
    net: Net,
    params: <Net as Layer<f64>>::Params,
    adam: Adam<f64>,
    rng: Random,
}

/// What the note with the optimiser and the generator is called.
const NOTE: &str = "adam and rng";

impl Training {
    fn new(hidden: usize, steps: u64, mut rng: Random) -> Result<Self, Failure> {
        let net = (Dense(hidden), Tanh, Dense(2), LogSoftmax);
        let (_, params) = net.init(&mut rng, 2)?;
        let adam = Adam::new(Schedule::Cosine { initial: 1e-2, last: 0.0, steps })?;
        Ok(Self { net, params, adam, rng })
    }

    /// Trains on fresh draws of two moons until so many steps are taken, and returns the last loss.
    fn train_until(&mut self, steps: u64) -> Result<f64, Failure> {
        let (law, mut tape, mut gradients, mut loss) = (moons::two_moons()?, Tape::new(), Gradients::new(), f64::NAN);
        while self.adam.steps() < steps {
            let (rows, labels) = law.sample_labelled_rows(64, &mut self.rng)?;
            let targets = DMatrix::from_fn(64, 2, |i, k| f64::from(labels[i] == k));
            loss = value_and_grad(&mut tape, &self.params, &mut gradients, |t, p| {
                -self.net.apply(t, p, t.var(&rows)).component_mul(t.var(&targets)).sum_columns().mean()
            })?;
            self.adam.update(&mut self.params, &gradients)?;
        }
        Ok(loss)
    }

    /// The checkpoint.
    fn to_bytes(&self) -> Result<Vec<u8>, Failure> {
        let rest = serde_json::to_string(&(&self.adam, &self.rng))?;
        Ok(to_safetensors(&self.params, &[(NOTE, &rest)])?)
    }

    /// All numbers, with all their digits.
    fn digits(&self) -> Result<String, Failure> {
        Ok(serde_json::to_string(&(&self.params, &self.adam, &self.rng))?)
    }

    /// Goes back, or on, to a checkpoint. If it cannot be used, everything stays as it was.
    fn restore(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let mut params = self.params.clone();
        let notes = from_safetensors(bytes, &mut params)?;
        let rest = notes.get(NOTE).ok_or(Failure::because(format!("there is no note called '{NOTE}'")))?;
        let (adam, rng): (Adam<f64>, Random) = serde_json::from_str(rest)?;
        adam.check_fits(&params)?;
        (self.params, self.adam, self.rng) = (params, adam, rng);
        Ok(())
    }
}

/// Writes a file so that whoever reads it, be it after a crash, finds all of what was there before or all of the new.
fn write_atomically(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = file.with_extension("part"); // beside it: a file can be renamed within a file system only
    let write = || {
        let mut open = File::create(&part)?;
        open.write_all(bytes)?;
        open.sync_all()?; // the bytes are on the disk before they have the name
        fs::rename(&part, file)?;
        #[cfg(unix)]
        file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?; // and so is the name
        Ok(())
    };
    write().map_err(|error: std::io::Error| Failure::because(format!("cannot write {}: {error}", file.display())))
}

fn main() -> Result<(), Failure> {
    let what = "Checkpoints: written atomically, refused if damaged, and training goes on bit for bit.";
    let arguments = Arguments::of("checkpoint --features serde,safetensors", what)?;
    let (steps, file) = (if arguments.quick { 200 } else { 4_000 }, arguments.out.join("checkpoint.safetensors"));
    let mut report = format!("seed {}, {steps} steps\n\n", arguments.seed);

    let mut uninterrupted = Training::new(16, steps, arguments.rng())?;
    report += &format!("uninterrupted: loss {:.17}\n", uninterrupted.train_until(steps)?);
    let expected = uninterrupted.digits()?;

    let mut interrupted = Training::new(16, steps, arguments.rng())?;
    interrupted.train_until(steps / 2)?;
    write_atomically(&file, &interrupted.to_bytes()?)?;
    drop(interrupted);
    let saved = fs::read(&file)?;
    let mut resumed = Training::new(16, steps, arguments.rng().fork())?; // it begins with other weights
    resumed.restore(&saved)?;
    report += &format!("resumed at {}: loss {:.17}\n", resumed.adam.steps(), resumed.train_until(steps)?);
    if resumed.digits()? != expected {
        return Err(Failure::because("training resumed is not training uninterrupted"));
    }
    report += "the same parameters, moments and generator, bit for bit\n\n";

    let mut flipped = saved.clone();
    flipped[saved.len() / 2] ^= 1;
    for (what, hidden, bytes) in [
        ("cut short", 16, &saved[..saved.len() / 2]),
        ("one bit flipped", 16, &flipped),
        ("of another network", 24, &saved),
    ] {
        let mut fresh = Training::new(hidden, steps, arguments.rng())?;
        let before = fresh.digits()?;
        let Err(refusal) = fresh.restore(bytes) else {
            return Err(Failure::because(format!("a checkpoint {what} was taken")));
        };
        if fresh.digits()? != before {
            return Err(Failure::because(format!("a checkpoint {what} left its traces")));
        }
        report += &format!("{what}: refused, {refusal:?}; training starts from step {}\n", fresh.adam.steps());
    }

    let weights = arguments.out.join("weights.safetensors");
    write_atomically(&weights, &to_safetensors(&uninterrupted.params, &[("trained on", "two moons")])?)?;
    println!("{report}\nweights in {}", weights.display());
    Ok(())
}
