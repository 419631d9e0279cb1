//! The reference on SQLite: the rows of a batch by rusqlite, as durable as ours.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

const CHARGES: &str = "CREATE TABLE charges (key TEXT PRIMARY KEY, invoice TEXT, customer TEXT, amount INT,
     currency TEXT, method TEXT, decision TEXT, decline_code TEXT, decided_at INT) WITHOUT ROWID";
const TRANSFERS: &str =
    "CREATE TABLE transfers (kind TEXT, reference TEXT, charge TEXT, debit TEXT, credit TEXT,
     amount INT, currency TEXT, at INT, PRIMARY KEY (kind, reference)) WITHOUT ROWID";

/// A database file of the benchmark's own.
pub struct Reference(Connection);

impl Reference {
    /// The two tables that a charge goes into, without checks, triggers or further indexes.
    pub fn prepare(path: &Path) -> Self {
        let conn = Connection::open(path).expect("a database");
        let pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL";
        conn.execute_batch(&format!("{pragmas}; {CHARGES}; {TRANSFERS}")).expect("tables");
        Self(conn)
    }

    /// Charges per second as two prepared inserts each, 100 per transaction.
    pub fn per_second(&mut self, time: Duration) -> f64 {
        let started = Instant::now();
        let mut charges = 0_u32;
        while started.elapsed() < time {
            self.batch().expect("a transaction");
            charges += 100;
        }
        f64::from(charges) / started.elapsed().as_secs_f64()
    }

    fn batch(&mut self) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        for _ in 0..100 {
            let invoice = service::id::uuid(service::Clock::system().now());
            let key = format!("{invoice}:1");
            transaction
                .prepare_cached(
                    "INSERT INTO charges VALUES (?, ?, ?, 1999, 'EUR', 'card', 'approved', NULL, 1)",
                )?
                .execute(params![key, invoice, invoice])?;
            transaction
                .prepare_cached("INSERT INTO transfers VALUES ('capture', ?, ?, 'acquirer', 'merchant/antaeus', 1999, 'EUR', 1)")?
                .execute(params![invoice, key])?;
        }
        transaction.commit()
    }
}
