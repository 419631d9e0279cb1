//! CPU time of processes, from /proc.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// Clock ticks per second, fixed by Linux's ABI.
const TICKS: u64 = 100;

/// Ticks of each living process with this name, by its id.
pub struct Reading(HashMap<u64, u64>);

/// User and system time of all living processes with this name.
pub fn of(name: &str) -> Reading {
    let named = each().filter(|(_, process)| process.name == name[..name.len().min(15)]);
    Reading(named.map(|(id, process)| (id, process.own)).collect())
}

/// User and system time of one process so far.
pub fn of_process(id: u32) -> Duration {
    duration(process(id.into()).map_or(0, |process| process.own))
}

/// User and system time of a process and its children so far, of those that have ended as well.
pub fn of_family(parent: u64) -> Duration {
    let own = process(parent).map_or(0, |process| process.own + process.ended_children);
    let children = each().filter(|(_, process)| process.parent == parent);
    duration(own + children.map(|(_, process)| process.own).sum::<u64>())
}

/// The parent of a process with this name.
pub fn parent_of(id: u64, name: &str) -> Option<u64> {
    process(id).filter(|process| process.name == name).map(|process| process.parent)
}

impl Reading {
    /// What was spent since an earlier reading, by the processes that are still there.
    pub fn since(&self, before: &Self) -> Duration {
        let spent = self.0.iter().map(|(id, ticks)| ticks - before.0.get(id).copied().unwrap_or(0));
        duration(spent.sum())
    }
}

fn duration(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS)
}

struct Process {
    /// Cut after 15 characters.
    name: String,
    parent: u64,
    own: u64,
    /// Of children that were waited for.
    ended_children: u64,
}

fn each() -> impl Iterator<Item = (u64, Process)> {
    let entries = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    entries.filter_map(|entry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        Some((id, process(id)?))
    })
}

/// `pid (name) state ppid ...`: the name may hold anything.
fn process(id: u64) -> Option<Process> {
    let text = std::fs::read_to_string(Path::new("/proc").join(id.to_string()).join("stat")).ok()?;
    let (_, rest) = text.split_once('(')?;
    let (name, rest) = rest.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Process {
        name: name.to_owned(),
        parent: number(1)?,
        own: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}
