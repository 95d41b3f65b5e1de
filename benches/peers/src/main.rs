//! fenchel beside what one would use instead, on the same work: `cargo run --release` here. README.md says what is compared, and how.

mod contest;
mod costs;
mod em;
#[cfg(feature = "frameworks")]
mod frameworks;
mod loops;
mod machine;
mod products;
mod python;
mod tasks;
mod training;
mod work;

use std::cell::RefCell;
use std::error::Error;

use contest::Table;
use machine::Pinned;
use python::Python;
use work::Scratch;

type Failure = Box<dyn Error>;

/// The tasks, as they are named on the command line.
const TASKS: [&str; 10] = ["sampling", "mle", "density", "em", "loop", "grid", "depth", "smooth", "penalty", "seeds"];

fn main() -> Result<(), Failure> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = chosen.iter().find(|name| !TASKS.contains(&name.as_str())) {
        return Err(format!("no task {unknown:?}; there are {}", TASKS.join(", ")).into());
    }
    let wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|one| one == name);

    println!("{}\n", machine::description());
    let mut table = Table::default();
    let mut growth = None;
    {
        let _pinned = Pinned::to_one_core();
        let python = RefCell::new(Python::start(1));
        println!("{}\n", python.borrow_mut().description());
        table.head();
        let scratch = Scratch::new()?;
        if wanted("sampling") {
            tasks::sampling(&mut table, &python, &scratch)?;
        }
        if wanted("mle") {
            tasks::mle(&mut table, &python, &scratch)?;
        }
        if wanted("density") {
            tasks::density(&mut table, &python, &scratch)?;
        }
        if wanted("em") {
            em::against_others(&mut table, &python, &scratch)?;
        }
        if wanted("loop") {
            loops::as_posted(&mut table, &python, &scratch)?;
        }
        if wanted("grid") {
            loops::grid(&mut table, &python, &scratch, 1)?;
        }
        if wanted("smooth") {
            costs::smooth(&mut table)?;
        }
        if wanted("penalty") {
            costs::penalty(&mut table)?;
        }
        if wanted("depth") {
            growth = Some(costs::depth()?);
        }
    }
    if wanted("seeds") {
        costs::seeds(&mut table)?;
    }
    #[cfg(feature = "rayon")]
    {
        if wanted("em") {
            em::on_two_threads(&mut table)?;
        }
        if wanted("grid") {
            loops::grid(&mut table, &RefCell::new(Python::start(2)), &Scratch::new()?, 2)?;
        }
    }
    if let Some(growth) = growth {
        println!("\n{growth}");
    }
    println!("\n{}", table.summary());
    Ok(())
}
