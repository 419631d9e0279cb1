//! What a run wrote to PostgreSQL, by the server's own counters.

use std::fmt::{Formatter, Result};
use std::time::{Duration, Instant};

use db::{AnyConnection, Db, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Double, Text};

use crate::cpu;

const PATIENCE: Duration = Duration::from_secs(30);

/// Rows of each table, and how many indexes those had to be entered into. Partial ones are counted apart.
const TABLES: &str = "SELECT relname::text AS name, n_tup_ins AS inserted, n_tup_upd AS updated,
         n_tup_hot_upd AS hot, n_tup_del AS deleted,
         (SELECT count(*) FROM pg_index WHERE indrelid = relid AND indpred IS NULL) AS indexes,
         (SELECT count(*) FROM pg_index WHERE indrelid = relid AND indpred IS NOT NULL) AS partial
     FROM pg_stat_user_tables ORDER BY relname";
/// The log is the whole server's; transactions are those of the database that is asked.
const LOG: &str =
    "SELECT wal_bytes::float8 AS bytes, wal_records::float8 AS records, wal_fpi::float8 AS pages,
         wal_sync::float8 AS syncs, (SELECT (xact_commit + xact_rollback)::float8 FROM pg_stat_database
             WHERE datname = current_database()) AS transactions
     FROM pg_stat_wal";
const OTHERS: &str = "SELECT count(*) AS n FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";

#[derive(QueryableByName, Clone)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    inserted: i64,
    #[diesel(sql_type = BigInt)]
    updated: i64,
    #[diesel(sql_type = BigInt)]
    hot: i64,
    #[diesel(sql_type = BigInt)]
    deleted: i64,
    #[diesel(sql_type = BigInt)]
    indexes: i64,
    #[diesel(sql_type = BigInt)]
    partial: i64,
}

#[derive(QueryableByName, Clone, Copy)]
struct Log {
    #[diesel(sql_type = Double)]
    bytes: f64,
    #[diesel(sql_type = Double)]
    records: f64,
    #[diesel(sql_type = Double)]
    pages: f64,
    #[diesel(sql_type = Double)]
    syncs: f64,
    #[diesel(sql_type = Double)]
    transactions: f64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// Both databases' counters.
pub struct Counts {
    tables: Vec<Table>,
    log: Log,
    transactions: [f64; 2],
}

/// The server that both databases are on.
pub struct Server {
    databases: [Db; 2],
    process: u64,
}

impl Server {
    /// Tidies up after the seed, so that no run pays for it.
    pub fn new(databases: [Db; 2]) -> Self {
        for database in &databases {
            crate::postgres::execute(database, "VACUUM ANALYZE");
        }
        let own = number(&databases[0], "SELECT pg_backend_pid()::bigint AS n").unsigned_abs();
        let process = cpu::parent_of(own, "postgres").expect("a PostgreSQL server on this machine");
        Self { databases, process }
    }

    /// CPU time of all its processes so far.
    pub fn cpu(&self) -> Duration {
        cpu::of_family(self.process)
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let read = |db: &Db, sql: &'static str| db.read_blocking(|conn| load::<Table>(conn, sql));
        let tables = self.databases.iter().flat_map(|db| read(db, TABLES).expect("counters")).collect();
        let logs = [0, 1].map(|at| {
            let logs = self.databases[at].read_blocking(|conn| load::<Log>(conn, LOG));
            logs.expect("counters")[0]
        });
        Counts { tables, log: logs[0], transactions: logs.map(|log| log.transactions) }
    }

    /// The same when everybody else has gone, and told what he had counted.
    pub fn counts_of_the_end(&self) -> Counts {
        let asked = Instant::now();
        while self.databases.iter().any(|db| number(db, OTHERS) > 0) {
            assert!(asked.elapsed() < PATIENCE, "there are connections left");
            std::thread::sleep(Duration::from_millis(10));
        }
        self.counts()
    }
}

fn load<T: QueryableByName<diesel::pg::Pg> + 'static>(
    conn: &mut AnyConnection,
    sql: &str,
) -> std::result::Result<Vec<T>, StoreError> {
    match conn {
        AnyConnection::Postgres(conn) => Ok(diesel::sql_query(sql).load(conn)?),
        AnyConnection::Sqlite(_) => Ok(Vec::new()),
    }
}

fn number(db: &Db, sql: &'static str) -> i64 {
    db.read_blocking(|conn| load::<Number>(conn, sql)).expect("a number")[0].n
}

impl Counts {
    /// What was added since an earlier look.
    pub fn since(mut self, before: &Self) -> Self {
        for (now, then) in self.tables.iter_mut().zip(&before.tables) {
            now.inserted -= then.inserted;
            now.updated -= then.updated;
            now.hot -= then.hot;
            now.deleted -= then.deleted;
        }
        self.log.bytes -= before.log.bytes;
        self.log.records -= before.log.records;
        self.log.pages -= before.log.pages;
        self.log.syncs -= before.log.syncs;
        for (now, then) in self.transactions.iter_mut().zip(before.transactions) {
            *now -= then;
        }
        self
    }

    /// For people, per invoice.
    pub fn write(&self, out: &mut Formatter<'_>, invoices: f64) -> Result {
        let words: Vec<String> = self.tables.iter().flat_map(|table| table.words(invoices)).collect();
        let sum = |of: fn(&Table) -> i64| per(self.tables.iter().map(of).sum(), invoices);
        let rows = sum(|table| table.inserted + table.updated + table.deleted);
        let entries = sum(|table| table.new_versions() * table.indexes);
        let partial = sum(|table| table.new_versions() * table.partial);
        write!(out, "\n    row writes per invoice: {}", words.join(", "))?;
        write!(out, "; together {rows:.2} rows, {entries:.2} index entries")?;
        write!(out, " and {partial:.2} at most in partial indexes")?;
        let Log { bytes, records, pages, syncs, .. } = self.log;
        let of = |n: f64| n / invoices;
        write!(out, "\n    log per invoice: {:.0} bytes, {:.1} records", of(bytes), of(records))?;
        write!(out, ", {:.3} full pages, {:.4} syncs", of(pages), of(syncs))?;
        let [own, provider] = self.transactions.map(|n| of(n) * 100.0);
        write!(out, "; transactions per 100: invoice-app {own:.2}, provider {provider:.2}")
    }
}

impl Table {
    /// Row versions that each index was told of.
    fn new_versions(&self) -> i64 {
        self.inserted + self.updated - self.hot
    }

    /// What was written to it, if it is worth a word.
    fn words(&self, invoices: f64) -> impl Iterator<Item = String> {
        let Self { name, inserted, updated, hot, deleted, .. } = self;
        let hot = format!("updated ({:.2} HOT)", per(*hot, invoices));
        let counts = [(*inserted, "inserted"), (*updated, &hot), (*deleted, "deleted")];
        let words = counts.map(|(count, what)| {
            let count = per(count, invoices);
            (count >= 0.005).then(|| format!("{name} {count:.2} {what}"))
        });
        words.into_iter().flatten()
    }
}

fn per(count: i64, invoices: f64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX)) / invoices
}
