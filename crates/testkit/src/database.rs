//! Fresh databases on both engines.

use db::{DatabaseUrl, Db, Migrations, PoolSettings};
use diesel::prelude::*;
use service::Clock;
use service::settings::{Var, Vars};

use crate::Home;

const SERVER: Var =
    Var::unset("TEST_DATABASE_URL", "a PostgreSQL server on which tests may create databases");
const CI: Var = Var::unset("CI", "`true` makes a skipped check a failure");

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded.
    Sqlite,
    /// The server that `TEST_DATABASE_URL` names.
    Postgres,
}

/// The engines to test on: both, or SQLite alone with a loud word, which is a failure in CI.
#[must_use]
#[expect(clippy::print_stderr, reason = "a skipped check says so")]
pub fn engines() -> Vec<Engine> {
    let vars = Vars::from_env();
    if vars.text(&SERVER).is_some() {
        return vec![Engine::Sqlite, Engine::Postgres];
    }
    assert!(
        vars.text(&CI).as_deref() != Some("true"),
        "CI=true and no TEST_DATABASE_URL: PostgreSQL is not tested"
    );
    eprintln!("SKIPPED on PostgreSQL: set TEST_DATABASE_URL");
    vec![Engine::Sqlite]
}

/// A database of a test's own; a PostgreSQL one is dropped with it.
pub struct Database {
    /// Where it is.
    pub url: String,
    server: Option<(String, String)>,
}

impl Database {
    /// A database with a service's schema.
    #[must_use]
    pub fn fresh(home: &Home, engine: Engine, name: &str, migrations: Migrations) -> Self {
        let database = match engine {
            Engine::Sqlite => {
                Self { url: format!("sqlite://{}", home.text(&format!("{name}.sqlite"))), server: None }
            }
            Engine::Postgres => Self::on_server(Vars::from_env().text(&SERVER).expect("TEST_DATABASE_URL")),
        };
        migrations.run(&database.parsed()).expect("a schema");
        database
    }

    /// A database with a service's schema on a PostgreSQL server of the test's own.
    #[must_use]
    pub fn on(server: &str, migrations: Migrations) -> Self {
        let database = Self::on_server(server.to_owned());
        migrations.run(&database.parsed()).expect("a schema");
        database
    }

    fn on_server(server: String) -> Self {
        let name = format!("test_{}", service::id::uuid(Clock::system().now()).replace('-', ""));
        execute(&server, &format!("CREATE DATABASE {name}"));
        let (base, _) = server.rsplit_once('/').expect("TEST_DATABASE_URL ends with /database");
        Self { url: format!("{base}/{name}"), server: Some((server, name)) }
    }

    /// The URL, parsed.
    #[must_use]
    pub fn parsed(&self) -> DatabaseUrl {
        self.url.parse().expect("a database URL")
    }

    /// A handle to look at the rows with.
    #[must_use]
    pub fn open(&self) -> Db {
        Db::new(&self.parsed(), PoolSettings { size: 2, wait: std::time::Duration::from_secs(10) })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.server {
            execute(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "databases are created on the server itself, not through Db")]
fn execute(server: &str, sql: &str) {
    let mut conn = PgConnection::establish(server).unwrap_or_else(|e| panic!("{server}: {e}"));
    diesel::sql_query(sql).execute(&mut conn).unwrap_or_else(|e| panic!("{sql}: {e}"));
}
