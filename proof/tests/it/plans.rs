//! Lists use the indexes that were made for them, on both databases.

use db::{AnyConnection, Migrations};
use diesel::prelude::*;
use diesel::sql_types::Text;
use invoice_app::store::MIGRATIONS as OURS;
use notifications::store::MIGRATIONS as THEIRS;
use testkit::{Database, Engine, Home, engines};

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    plan: String,
}

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

const LEFT: &str = "SELECT reference FROM transfers WHERE debit = 'wallet/c' AND debit >= 'wallet/'
     AND at >= 5 ORDER BY at, reference LIMIT 10";
const CAME: &str = "SELECT reference FROM transfers WHERE credit = 'wallet/c' AND credit >= 'wallet/'
     AND at >= 5 ORDER BY at, reference LIMIT 10";
const CAPTURES: &str =
    "SELECT reference FROM transfers WHERE kind = 'capture' AND credit = 'merchant/antaeus'
     AND at >= 5 AND at < 9 ORDER BY at, reference LIMIT 10";

const DUE: &str =
    "SELECT next_at FROM invoices WHERE next_at <= 5 AND state = 'PENDING' ORDER BY next_at, id LIMIT 1";
const UNKNOWN: &str =
    "SELECT unknown_since FROM invoices WHERE unknown_since IS NOT NULL ORDER BY unknown_since LIMIT 1";
const OPEN_RUNS: &str = "SELECT id, state FROM billing_runs WHERE ended_at IS NULL";
const UNSENT: &str =
    "SELECT created_at FROM notifications WHERE next_at IS NOT NULL ORDER BY created_at LIMIT 1";

fn plan(engine: Engine, migrations: Migrations, sql: &str) -> String {
    let home = Home::new();
    let database = Database::fresh(&home, engine, "plans", migrations);
    let (sql, explain) = (sql.to_owned(), database.open());
    let read = move |conn: &mut AnyConnection| match conn {
        AnyConnection::Postgres(conn) => {
            // Of an empty table every plan is cheap; what matters is that the index can be used.
            diesel::sql_query("SET enable_seqscan = off").execute(conn)?;
            let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN {sql}")).load(conn)?;
            Ok(steps.into_iter().map(|step| step.plan).collect::<Vec<_>>().join("\n"))
        }
        AnyConnection::Sqlite(conn) => {
            let steps: Vec<SqliteStep> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn)?;
            Ok(steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n"))
        }
    };
    explain.read_blocking(read).unwrap()
}

#[test]
fn lists_use_their_indexes() {
    for engine in engines() {
        let lists =
            [(LEFT, "transfers_from_wallet"), (CAME, "transfers_to_wallet"), (CAPTURES, "transfers_at")];
        for (sql, index) in lists {
            let plan = plan(engine, payment_provider::store::MIGRATIONS, sql);
            assert!(plan.contains(index), "{engine:?} does not use {index}:\n{plan}");
        }
    }
}

/// What is read every few seconds costs the same however many rows there are.
#[test]
fn gauges_use_their_indexes() {
    for engine in engines() {
        for (migrations, sql, index) in [
            (OURS, DUE, "invoices_next"),
            (OURS, UNKNOWN, "invoices_unknown"),
            (OURS, OPEN_RUNS, "billing_runs_open"),
            (THEIRS, UNSENT, "notifications_unsent"),
        ] {
            let plan = plan(engine, migrations, sql);
            assert!(plan.contains(index), "{engine:?} does not use {index}:\n{plan}");
        }
    }
}
