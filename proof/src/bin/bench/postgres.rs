//! References on PostgreSQL: pgbench, on the server that the tests use.

use std::process::Command;

use db::{AnyConnection, Db};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use service::settings::{Var, Vars};
use testkit::Home;

const SERVER: Var = Var::unset("TEST_DATABASE_URL", "a PostgreSQL server on which databases may be created");
const PGBENCH: Var = Var::new("PGBENCH", "pgbench", "pgbench of the server's version");

/// One-row updates by random key on a million rows: what this machine can commit, one row at a time.
const UPDATE: &str = "\\set id random(1, 1000000)\nUPDATE reference SET n = n + 1 WHERE id = :id;\n";
/// The rows of a batch of 100 charges, made by the server itself: neither HTTP nor TLS nor a token nor any data sent.
const PLAIN: &str = "WITH new AS (INSERT INTO plain_charges SELECT k, k, k, 1999, 'EUR', 'card', 'approved', NULL, 1 \
     FROM (SELECT lpad(nextval('plain')::text, 36, '0') AS k FROM generate_series(1, 100)) keys RETURNING *) \
     INSERT INTO plain_transfers SELECT 'capture', invoice, key, 'acquirer', 'merchant/antaeus', amount, currency, 1 FROM new;\n";

/// A server with what the references need, in a database of the benchmark's own.
pub struct Reference {
    home: Home,
    url: String,
    pgbench: String,
}

impl Reference {
    /// Prepares the million rows in the provider's database, beside its own tables.
    pub fn prepare(provider: &Db, url: &str) -> Self {
        execute(
            provider,
            "CREATE TABLE reference AS SELECT id::int, 0::bigint AS n, repeat('x', 80) AS filler
                 FROM generate_series(1, 1000000) id;
             ALTER TABLE reference ADD PRIMARY KEY (id);
             CREATE TABLE plain_charges (LIKE charges INCLUDING ALL);
             CREATE TABLE plain_transfers (LIKE transfers INCLUDING ALL);
             CREATE SEQUENCE plain;
             VACUUM ANALYZE reference; CHECKPOINT",
        );
        let home = Home::new();
        std::fs::write(home.path("update.sql"), UPDATE).expect("a script");
        std::fs::write(home.path("plain.sql"), PLAIN).expect("a script");
        let pgbench = Vars::from_env().text(&PGBENCH).unwrap_or_default();
        Self { home, url: url.to_owned(), pgbench }
    }

    /// One-row updates per second.
    pub fn updates_per_second(&self, seconds: u64) -> f64 {
        self.run("update.sql", seconds)
    }

    /// Charges per second as plain SQL, 100 per transaction.
    pub fn plain_per_second(&self, seconds: u64) -> f64 {
        self.run("plain.sql", seconds) * 100.0
    }

    fn run(&self, script: &str, seconds: u64) -> f64 {
        let mut command = Command::new(&self.pgbench);
        command.args(["-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", &seconds.to_string(), "-f"]);
        let output = command.arg(self.home.path(script)).arg(&self.url).output().expect("pgbench");
        let text = String::from_utf8_lossy(&output.stdout);
        let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        tps.unwrap_or_else(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {said}", self.pgbench);
            0.0
        })
    }
}

/// Whether there is a server to measure on.
pub fn is_here() -> bool {
    Vars::from_env().text(&SERVER).is_some()
}

/// The settings that durability hangs on, as the server tells them.
pub fn durability(db: &Db) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = diesel::sql_types::Text)]
        line: String,
    }
    let sql = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) AS line FROM pg_settings
         WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method', 'server_version')";
    db.read_blocking(|conn| Ok(diesel::sql_query(sql).get_result::<Line>(conn)?.line)).expect("settings")
}

/// Runs statements, parted by semicolons, on one connection.
pub fn execute(db: &Db, sql: &str) {
    // Statement by statement: VACUUM runs in no transaction.
    let run = |conn: &mut AnyConnection| match conn {
        AnyConnection::Postgres(conn) => Ok(sql.split(';').try_for_each(|one| conn.batch_execute(one))?),
        AnyConnection::Sqlite(_) => Ok(()),
    };
    db.read_blocking(run).expect(sql);
}
