//! What must hold after every fault, read from both databases.
#![expect(clippy::expect_used, reason = "a proof that cannot look has failed")]

use std::collections::BTreeSet;

use db::Db;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

#[derive(QueryableByName, PartialEq, Eq, PartialOrd, Ord, Debug, Clone)]
struct Money {
    #[diesel(sql_type = Text)]
    invoice: String,
    #[diesel(sql_type = BigInt)]
    amount: i64,
    #[diesel(sql_type = Text)]
    currency: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

const PAID: &str =
    "SELECT uid AS invoice, amount, currency FROM invoices WHERE state = 'PAID' AND attempt > 0";
const CAPTURED: &str = "SELECT invoice, amount, currency FROM captures";
/// Attempts that the provider captured, by its own history: one row per capture, whatever `captures` says.
const CAPTURED_TWICE: &str =
    "SELECT COUNT(*) AS n FROM (SELECT invoice FROM charges WHERE verdict = 'captured'
     GROUP BY invoice HAVING COUNT(*) > 1) twice";

/// What does not hold; empty when all is well. To be asked when nothing is in flight.
#[must_use]
pub fn broken(invoices: &Db, provider: &Db) -> Vec<String> {
    let (paid, captured) = (money(invoices, PAID), money(provider, CAPTURED));
    let mut broken = Vec::new();
    for row in paid.difference(&captured) {
        broken.push(format!("paid here, not captured there: {row:?}"));
    }
    for row in captured.difference(&paid) {
        broken.push(format!("captured there, not paid here: {row:?}"));
    }
    let twice = number(provider, CAPTURED_TWICE);
    if twice > 0 {
        broken.push(format!("{twice} invoices were captured twice"));
    }
    broken
}

/// How many invoices still have something ahead of them.
#[must_use]
pub fn open(invoices: &Db) -> i64 {
    number(invoices, "SELECT COUNT(*) AS n FROM invoices WHERE state NOT IN ('PAID', 'VOID')")
}

fn money(db: &Db, sql: &str) -> BTreeSet<Money> {
    let rows = db.read_blocking(|conn| Ok(diesel::sql_query(sql).load::<Money>(conn)?)).expect("rows");
    let count = rows.len();
    let set: BTreeSet<Money> = rows.into_iter().collect();
    assert_eq!(set.len(), count, "a row stands twice in {sql}");
    set
}

fn number(db: &Db, sql: &str) -> i64 {
    db.read_blocking(|conn| Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.n)).expect("a number")
}
