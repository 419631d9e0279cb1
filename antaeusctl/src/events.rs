//! `antaeusctl events`: what was told and not taken, in a service's own database.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use db::{AnyConnection, DatabaseUrl, Db, PoolSettings, StoreError};
use events::held::{self, Held};
use service::Clock;

use crate::database::{self, Given};
use crate::table::{Column, facts, plain, table};

/// Events read at a time.
const PAGE: i64 = 1_000;

/// What to do about events that were not taken.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// List them, oldest first: who is to take each, when it is tried again, and why it was not taken.
    List(ListCommand),
    /// Print one of them as it came or goes.
    Show(ShowCommand),
    /// Have parked ones tried again now.
    Replay(ReplayCommand),
}

/// The database that the events are in.
#[derive(Debug, Args)]
pub struct Where {
    /// Database of the service that sends the events, or hears them from a broker; the service may be running.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, required_unless_present = "database_url_file")]
    database_url: Option<DatabaseUrl>,
    /// File that holds the URL.
    #[arg(long, env = "DATABASE_URL_FILE")]
    database_url_file: Option<PathBuf>,
}

/// `events list`.
#[derive(Debug, Args)]
pub struct ListCommand {
    #[command(flatten)]
    at: Where,
    /// Only those that wait for a person.
    #[arg(long)]
    parked: bool,
}

/// `events show`.
#[derive(Debug, Args)]
pub struct ShowCommand {
    #[command(flatten)]
    at: Where,
    /// The event's id.
    id: String,
}

/// `events replay`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true)))]
pub struct ReplayCommand {
    #[command(flatten)]
    at: Where,
    /// The event's id.
    #[arg(group = "which")]
    id: Option<String>,
    /// All that are parked.
    #[arg(long, group = "which")]
    all: bool,
}

/// Runs the command.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &EventsCommand, clock: &Clock, out: &mut dyn Write) -> Result<(), String> {
    let said = match command {
        EventsCommand::List(list) => {
            let (db, parked) = (list.at.open()?, list.parked);
            let rows = all(|after| db.read_blocking(|conn| held::page(conn, parked, after, PAGE)))?;
            writeln!(out, "{}", listed(&rows))
        }
        EventsCommand::Show(show) => {
            let found = show.at.open()?.read_blocking(|conn| held::of_id(conn, &show.id));
            let found = found.map_err(|e| e.to_string())?;
            if found.is_empty() {
                return Err(format!("{} is not held here: see `antaeusctl events list`", show.id));
            }
            found.iter().try_for_each(|held| writeln!(out, "{}\n{}", shown(held), plain(&held.event)))
        }
        EventsCommand::Replay(replay) => {
            let (now, id) = (clock.now(), replay.id.as_deref());
            let work = |conn: &mut AnyConnection| held::replay(conn, id, now);
            let replayed = replay.at.open()?.write_blocking(work).map_err(|e| e.to_string())?;
            if replayed == 0 && id.is_some() {
                return Err("it is not parked here: see `antaeusctl events list --parked`".into());
            }
            writeln!(out, "{replayed} tried again now")
        }
    };
    said.map_err(|e| e.to_string())
}

/// Page by page.
fn all(page: impl Fn((&str, &str)) -> Result<Vec<Held>, StoreError>) -> Result<Vec<Held>, String> {
    let mut rows: Vec<Held> = Vec::new();
    loop {
        let after = rows.last().map_or(("", ""), |held| (held.id.as_str(), held.receiver.as_str()));
        let next = page(after).map_err(|e| e.to_string())?;
        if next.is_empty() {
            return Ok(rows);
        }
        rows.extend(next);
    }
}

impl Where {
    fn open(&self) -> Result<Db, String> {
        let url = database::url(Given {
            url: self.database_url.as_ref(),
            file: self.database_url_file.as_deref(),
            names: "--database-url or --database-url-file",
        })?;
        // SQLite would make an empty file of a mistyped path.
        if let DatabaseUrl::Sqlite(path) = &url
            && !path.exists()
        {
            return Err(format!("{} is not there; give the service's own database", path.display()));
        }
        // No file lock is taken, which the running service holds: these are short statements.
        Ok(Db::new(&url, PoolSettings { size: 1, wait: Duration::from_secs(10) }))
    }
}

fn listed(rows: &[Held]) -> String {
    if rows.is_empty() {
        return "none".to_owned();
    }
    let columns = [
        Column::Left("event"),
        Column::Left("type"),
        Column::Left("receiver"),
        Column::Left("next"),
        Column::Right("tries"),
        Column::Left("why"),
    ];
    let row = |held: &Held| {
        let (id, kind, receiver) = (held.id.clone(), held.kind.clone(), held.receiver.clone());
        vec![id, kind, receiver, next(held), held.attempts.to_string(), held.reason.clone()]
    };
    table(&columns, &rows.iter().map(row).collect::<Vec<_>>())
}

fn shown(held: &Held) -> String {
    facts(&[
        ("event", held.id.clone()),
        ("type", held.kind.clone()),
        ("receiver", held.receiver.clone()),
        ("held", moment(held.held_at)),
        ("next", next(held)),
        ("tries", held.attempts.to_string()),
        ("why", held.reason.clone()),
    ])
}

fn next(held: &Held) -> String {
    held.next_at.map_or_else(|| "parked".to_owned(), moment)
}

fn moment(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |at| at.to_string())
}
