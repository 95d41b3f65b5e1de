//! Rounds of ours, theirs, ours, theirs; medians, and what they are to be.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Instant;

use crate::Failure;
use crate::python::Python;

pub const ROUNDS: usize = 7;

/// One time round.
#[derive(Clone, Copy)]
pub struct Lap {
    pub seconds: f64,
    /// A number on which all contestants must agree; none where they do not begin alike.
    pub check: Option<f64>,
}

pub type Runner<'a> = Box<dyn FnMut() -> Result<Lap, Failure> + 'a>;

/// The seconds that each of so many steps takes, timed together.
pub fn seconds_each(times: usize, mut step: impl FnMut() -> Result<(), Failure>) -> Result<f64, Failure> {
    let clock = Instant::now();
    for _ in 0..times {
        step()?;
    }
    Ok(clock.elapsed().as_secs_f64() / times as f64)
}

/// Somebody else.
pub struct Peer<'a> {
    pub name: &'static str,
    /// How many times as fast we are to be.
    pub bar: Option<f64>,
    /// Or why there is none.
    pub runner: Result<Runner<'a>, String>,
    /// What else there is to say, after the table.
    pub note: String,
}

impl<'a> Peer<'a> {
    pub fn new(name: &'static str, bar: Option<f64>, runner: Result<Runner<'a>, String>) -> Self {
        Self { name, bar, runner, note: String::new() }
    }
}

/// The peers that are Python's, after they prepared.
pub fn python_peers<'a>(
    python: &'a RefCell<Python>,
    states: &HashMap<String, String>,
    peers: &[(&'static str, Option<f64>)],
) -> Vec<Peer<'a>> {
    let peer = |&(name, bar)| {
        let state = states.get(name).or(states.get("*"));
        let state = state.map_or("contestants.py does not know it", String::as_str);
        match state.strip_prefix("ready") {
            Some(note) => {
                let runner = Box::new(move || python.borrow_mut().run(name));
                Peer { note: note.trim_start().to_owned(), ..Peer::new(name, bar, Ok(runner)) }
            }
            None => Peer::new(name, bar, Err(state.to_owned())),
        }
    };
    peers.iter().map(peer).collect()
}

/// One piece of work.
pub struct Contest<'a> {
    pub task: String,
    pub rows: usize,
    pub ours: Runner<'a>,
    pub peers: Vec<Peer<'a>>,
    /// How far apart two checks may be; and they must be finite.
    pub tolerance: f64,
}

/// What is printed, and how many bars have been met and missed.
#[derive(Default)]
pub struct Table {
    met: usize,
    missed: Vec<String>,
    skipped: usize,
    notes: Vec<String>,
}

impl Table {
    pub fn head(&self) {
        print(["task", "contestant", "ms", "min to max", "ns a row", "ours faster by", "bar", "met"]);
        println!("|---|---|---|---|---|---|---|---|");
    }

    /// Holds the contest and prints its lines, ours first.
    pub fn hold(&mut self, mut contest: Contest) -> Result<(), Failure> {
        (contest.ours)()?; // warm, as the others are
        let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); contest.peers.len()]);
        let alone = contest.peers.iter().all(|peer| peer.runner.is_err());
        for _ in 0..ROUNDS {
            if alone {
                ours.push((contest.ours)()?);
            }
            for (peer, laps) in contest.peers.iter_mut().zip(&mut theirs) {
                if let Ok(runner) = &mut peer.runner {
                    ours.push((contest.ours)()?);
                    laps.push(runner()?);
                }
            }
        }
        for (peer, laps) in contest.peers.iter().zip(&theirs) {
            if let (Some(one), Some(other)) = (ours[0].check, laps.first().and_then(|lap| lap.check)) {
                let apart = (one - other).abs();
                if apart > contest.tolerance || !apart.is_finite() {
                    return Err(format!("{}: {} gets {other}, we get {one}", contest.task, peer.name).into());
                }
            }
            if !peer.note.is_empty() {
                self.notes.push(format!("{}, {}: {}", contest.task, peer.name, peer.note));
            }
        }
        let ours = Times::of(&ours);
        ours.print(&contest, "fenchel", ["", "", ""]);
        for (peer, laps) in contest.peers.iter().zip(&theirs) {
            match &peer.runner {
                Ok(_) => self.compare(&contest, peer, &ours, &Times::of(laps)),
                Err(why) => {
                    self.skipped += 1;
                    print([&contest.task, peer.name, &format!("skipped: {why}"), "", "", "", "", ""]);
                }
            }
        }
        Ok(())
    }

    fn compare(&mut self, contest: &Contest, peer: &Peer, ours: &Times, theirs: &Times) {
        let factor = theirs.median / ours.median;
        let met = peer.bar.map(|bar| factor >= bar);
        match met {
            Some(true) => self.met += 1,
            Some(false) => self.missed.push(format!("{}, {}", contest.task, peer.name)),
            None => {}
        }
        let bar = peer.bar.map_or(String::new(), hundredths);
        let met = met.map_or("", |met| if met { "yes" } else { "no" });
        theirs.print(contest, peer.name, [&format!("{factor:.2}"), &bar, met]);
    }

    pub fn summary(&self) -> String {
        let Self { met, missed, skipped, notes } = self;
        let list: String = missed.iter().map(|line| format!("\n  missed: {line}")).collect();
        let notes: String = notes.iter().map(|line| format!("{line}\n")).collect();
        format!("{notes}{met} bars met, {} missed, {skipped} contestants skipped{list}", missed.len())
    }
}

pub struct Times {
    least: f64,
    pub median: f64,
    most: f64,
}

impl Times {
    pub fn of(laps: &[Lap]) -> Self {
        let mut seconds: Vec<_> = laps.iter().map(|lap| lap.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let last = seconds.len() - 1;
        let median = (seconds[last / 2] + seconds[last.div_ceil(2)]) / 2.0;
        Self { least: seconds[0], median, most: seconds[last] }
    }

    fn print(&self, contest: &Contest, name: &str, [factor, bar, met]: [&str; 3]) {
        let range = format!("{} to {}", milliseconds(self.least), milliseconds(self.most));
        let each = format!("{:.1}", self.median * 1e9 / contest.rows as f64);
        print([&contest.task, name, &milliseconds(self.median), &range, &each, factor, bar, met]);
    }
}

/// Three digits or more.
fn milliseconds(seconds: f64) -> String {
    let milliseconds = seconds * 1e3;
    let decimals = [100.0, 10.0, 1.0, 0.1].iter().filter(|&&bound| milliseconds < bound).count();
    format!("{milliseconds:.decimals$}")
}

/// A bar, to hundredths.
fn hundredths(bar: f64) -> String {
    ((bar * 100.0).round() / 100.0).to_string()
}

/// A row of a Markdown table that can also be read as it is.
fn print(cells: [&str; 8]) {
    let [task, name, time, range, each, factor, bar, met] = cells;
    println!("| {task:<34} | {name:<31} | {time:>6} | {range:>16} | {each:>10} | {factor:>14} | {bar:>4} | {met:<3} |");
}
