//! CPU time of processes, from /proc.

use std::collections::HashMap;
use std::time::Duration;

/// Clock ticks per second, fixed by Linux's ABI.
const TICKS: u64 = 100;

/// Ticks of each living process with this name, by its id.
pub struct Reading(HashMap<u64, u64>);

/// User and system time of all living processes with this name.
pub fn of(name: &str) -> Reading {
    let processes = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let ticks = processes.filter_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        Some((id, ticks(&entry.path().join("stat"), name)?))
    });
    Reading(ticks.collect())
}

impl Reading {
    /// What was spent since an earlier reading, by the processes that are still there.
    pub fn since(&self, before: &Self) -> Duration {
        let spent = self.0.iter().map(|(id, ticks)| ticks - before.0.get(id).copied().unwrap_or(0));
        Duration::from_millis(spent.sum::<u64>() * 1000 / TICKS)
    }
}

/// `pid (name) state ppid ...`: the name is cut after 15 characters and may hold anything.
fn ticks(stat: &std::path::Path, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(stat).ok()?;
    let (_, rest) = text.split_once('(')?;
    let (found, rest) = rest.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let short = &name[..name.len().min(15)];
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    (found == short).then_some(ticks)
}
