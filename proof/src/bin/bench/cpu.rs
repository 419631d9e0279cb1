//! CPU time of processes, from /proc.

use std::time::Duration;

/// Clock ticks per second, fixed by Linux's ABI.
const TICKS: u64 = 100;

/// User and system time of all living processes with this name.
pub fn of(name: &str) -> Duration {
    let processes = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let ticks: u64 = processes.filter_map(|entry| ticks(&entry.path().join("stat"), name)).sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// `pid (name) state ppid ...`: the name is cut after 15 characters and may hold anything.
fn ticks(stat: &std::path::Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(stat).ok()?;
    let (_, rest) = text.split_once('(')?;
    let (found, rest) = rest.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let short = &name[..name.len().min(15)];
    (found == short)
        .then(|| Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?))?
}
