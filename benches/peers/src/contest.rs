//! Rounds of ours, theirs, ours, theirs; medians, and what they are to be.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::Failure;
use crate::python::Python;

const ROUNDS: usize = 7;

/// One time round.
#[derive(Clone, Copy)]
pub struct Lap {
    pub seconds: f64,
    /// A number on which all contestants must agree; none where they do not begin alike.
    pub check: Option<f64>,
}

pub type Runner<'a> = Box<dyn FnMut() -> Result<Lap, Failure> + 'a>;

/// Somebody else.
pub struct Peer<'a> {
    pub name: &'static str,
    /// How many times as fast we are to be.
    pub bar: Option<f64>,
    /// Or why there is none.
    pub runner: Result<Runner<'a>, String>,
}

/// The peers that are Python's, after they prepared.
pub fn python_peers<'a>(
    python: &'a RefCell<Python>,
    states: &HashMap<String, String>,
    peers: &[(&'static str, Option<f64>)],
) -> Vec<Peer<'a>> {
    let peer = |&(name, bar)| {
        let runner = match states.get(name).or(states.get("*")).map(String::as_str) {
            Some("ready") => Ok(Box::new(move || python.borrow_mut().run(name)) as Runner<'a>),
            Some(why) => Err(why.to_owned()),
            None => Err("contestants.py does not know it".to_owned()),
        };
        Peer { name, bar, runner }
    };
    peers.iter().map(peer).collect()
}

/// One piece of work.
pub struct Contest<'a> {
    pub task: String,
    pub rows: usize,
    pub ours: Runner<'a>,
    pub peers: Vec<Peer<'a>>,
    /// How far apart two checks may be.
    pub tolerance: f64,
}

/// What is printed, and how many bars have been met and missed.
#[derive(Default)]
pub struct Table {
    met: usize,
    missed: Vec<String>,
    skipped: usize,
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
            if let (Some(one), Some(other)) = (ours[0].check, laps.first().and_then(|lap| lap.check))
                && (one - other).abs() > contest.tolerance
            {
                return Err(format!("{}: {} gets {other}, we get {one}", contest.task, peer.name).into());
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
        let bar = peer.bar.map_or(String::new(), |bar| bar.to_string());
        let met = met.map_or("", |met| if met { "yes" } else { "no" });
        theirs.print(contest, peer.name, [&format!("{factor:.2}"), &bar, met]);
    }

    pub fn summary(&self) -> String {
        let Self { met, missed, skipped } = self;
        let list: String = missed.iter().map(|line| format!("\n  missed: {line}")).collect();
        format!("{met} bars met, {} missed, {skipped} contestants skipped{list}", missed.len())
    }
}

struct Times {
    least: f64,
    median: f64,
    most: f64,
}

impl Times {
    fn of(laps: &[Lap]) -> Self {
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
    let decimals = if milliseconds < 10.0 { 2 } else { usize::from(milliseconds < 100.0) };
    format!("{milliseconds:.decimals$}")
}

/// A row of a Markdown table that can also be read as it is.
fn print(cells: [&str; 8]) {
    let [task, name, time, range, each, factor, bar, met] = cells;
    println!("| {task:<32} | {name:<31} | {time:>6} | {range:>14} | {each:>8} | {factor:>14} | {bar:>3} | {met:<3} |");
}
