//! What must hold after every fault, read from both databases: the operator's own check, and nothing in flight.
#![expect(clippy::expect_used, reason = "a proof that cannot look has failed")]

use antaeusctl::verify::{Finding, verify};
use db::Db;
use diesel::prelude::*;

/// What does not hold; empty when all is well. To be asked when nothing is in flight.
#[must_use]
pub fn broken(invoices: &Db, provider: &Db) -> Vec<Finding> {
    verify(invoices, provider, true).expect("rows").findings
}

/// How many invoices still have something ahead of them.
#[must_use]
pub fn open(invoices: &Db) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let sql = "SELECT COUNT(*) AS n FROM invoices WHERE state NOT IN ('PAID', 'VOID')";
    invoices.read_blocking(|conn| Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.n)).expect("a number")
}
