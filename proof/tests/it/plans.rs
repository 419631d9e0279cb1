//! Lists use the indexes that were made for them, on both databases.

use db::AnyConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;
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

fn plan(engine: Engine, sql: &str) -> String {
    let home = Home::new();
    let database = Database::fresh(&home, engine, "plans", payment_provider::store::MIGRATIONS);
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
            let plan = plan(engine, sql);
            assert!(plan.contains(index), "{engine:?} does not use {index}:\n{plan}");
        }
    }
}
