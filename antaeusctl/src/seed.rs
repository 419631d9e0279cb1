//! `antaeusctl seed`.

use std::io::Write;
use std::time::{Duration, Instant};

use clap::Args;
use db::{DatabaseUrl, Db, FileLock, PoolSettings};
use invoice_app::domain::data_set::DataSet;
use invoice_app::flows::seed::{Seeded, seed};
use invoice_app::store::MIGRATIONS;
use service::Clock;

use crate::database::{self, Given};

/// Fill invoice-app's empty database with a data set.
#[derive(Debug, Args)]
pub struct SeedCommand {
    /// demo, pleo, pleo-go, antaeus or large:N.
    data_set: DataSet,
    /// invoice-app's database; invoice-app must not be running on a SQLite file.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, required_unless_present = "database_url_file")]
    database_url: Option<DatabaseUrl>,
    /// File that holds the URL.
    #[arg(long, env = "DATABASE_URL_FILE")]
    database_url_file: Option<std::path::PathBuf>,
}

/// Runs the command. A database that has customers already is left as it is.
///
/// # Errors
/// One sentence that says what to do.
pub fn run(command: &SeedCommand, clock: &Clock, out: &mut dyn Write) -> Result<(), String> {
    let url = database::url(Given {
        url: command.database_url.as_ref(),
        file: command.database_url_file.as_deref(),
        names: "--database-url or --database-url-file",
    })?;
    let _lock = FileLock::take(&url).map_err(|e| e.to_string())?;
    MIGRATIONS.check(&url).map_err(|e| e.to_string())?;
    let db = Db::new(&url, PoolSettings { size: 1, wait: Duration::from_secs(10) });
    let started = Instant::now();
    let seeded = seed(&db, command.data_set, clock.now()).map_err(|e| e.to_string())?;
    let said = match seeded {
        Seeded::Added(count) => {
            writeln!(out, "added {count} invoices in {} ms", started.elapsed().as_millis())
        }
        Seeded::NotEmpty => writeln!(out, "there are customers already: nothing was added"),
    };
    said.map_err(|e| e.to_string())
}
