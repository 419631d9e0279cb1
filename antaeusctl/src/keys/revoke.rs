//! `keys revoke`: an API key that is good no longer, from the services' next look on.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use db::{DatabaseUrl, Db, PoolSettings, revocations};
use gate::token::api_key;

use super::KeysError;
use crate::database::{self, Given};

/// The arguments of `keys revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The key's name; `keys issue` and `keys show` tell it.
    #[arg(long, required_unless_present = "key_file", value_parser = NonEmptyStringValueParser::new())]
    pub jti: Option<String>,
    /// A file that holds the key.
    #[arg(long, conflicts_with = "jti")]
    pub key_file: Option<PathBuf>,
    /// For whoever reads the list later.
    #[arg(long)]
    pub why: String,
    /// The database of a service that takes the key; the service may be running.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,
    /// File that holds the URL.
    #[arg(long, env = "DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,
}

pub(super) fn revoke(arguments: &Revoke, now: i64, out: &mut dyn Write) -> Result<(), KeysError> {
    let jti = match (&arguments.key_file, &arguments.jti) {
        (Some(file), _) => described(file)?.jti,
        (None, Some(jti)) => jti.clone(),
        (None, None) => return Err(KeysError::Revoke("give --jti or --key-file".into())),
    };
    let url = database::url(Given {
        url: arguments.database_url.as_ref(),
        file: arguments.database_url_file.as_deref(),
        names: "--database-url or --database-url-file",
    });
    let url = url.map_err(KeysError::Revoke)?;
    is_there(&url)?;
    // No file lock is taken, which the running service holds: this is one short insert, and SQLite itself makes two
    // writers wait for each other.
    let db = Db::new(&url, PoolSettings { size: 1, wait: Duration::from_secs(10) });
    let micros = now.saturating_mul(1_000_000);
    let new = db.write_blocking(|conn| revocations::revoke(conn, &jti, &arguments.why, micros));
    let new = new.map_err(|e| KeysError::Revoke(e.to_string()))?;
    writeln!(out, "{jti}: {}", if new { "revoked" } else { "was revoked before" })?;
    Ok(())
}

/// SQLite would make an empty file of a mistyped path.
fn is_there(url: &DatabaseUrl) -> Result<(), KeysError> {
    match url {
        DatabaseUrl::Sqlite(path) if !path.exists() => Err(KeysError::Revoke(format!(
            "{} is not there; give the service's own database",
            path.display()
        ))),
        DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => Ok(()),
    }
}

/// What the key in a file says of itself.
pub(super) fn described(file: &std::path::Path) -> Result<api_key::Described, KeysError> {
    let unreadable = |why: String| KeysError::Revoke(format!("{}: {why}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|e| unreadable(e.to_string()))?;
    api_key::describe(text.trim()).ok_or_else(|| unreadable("it holds no API key".into()))
}
