//! Where this runs, and on how much of it.

use std::fs::read_to_string;
use std::process::{Command, Stdio, id};

/// The processor, as far as the system says.
pub fn description() -> String {
    let cpu = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let model = model.map_or("unknown processor", |(_, name)| name);
    format!("{model}, {cores} threads, built for {}", std::env::consts::ARCH)
}

/// As long as this lives, this process and those that it starts run on one core, if `taskset` is there.
pub struct Pinned {
    allowed: Option<String>,
}

impl Pinned {
    pub fn to_one_core() -> Self {
        let allowed = read_to_string("/proc/self/status").ok().and_then(|status| {
            Some(status.lines().find_map(|l| l.strip_prefix("Cpus_allowed_list:"))?.trim().to_owned())
        });
        let first = allowed.as_deref().and_then(|list| list.split([',', '-']).next());
        let pinned = first.is_some_and(set_cores);
        if !pinned {
            println!("not pinned to one core: there is no taskset here");
        }
        Self { allowed: allowed.filter(|_| pinned) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Some(list) = &self.allowed {
            set_cores(list);
        }
    }
}

fn set_cores(list: &str) -> bool {
    let mut command = Command::new("taskset");
    command.args(["-a", "-c", "-p", list, &id().to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
