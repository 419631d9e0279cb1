//! What must hold after every fault, read from both databases: the operator's own check, and nothing in flight.
#![expect(clippy::expect_used, reason = "a proof that cannot look has failed")]

use std::collections::{BTreeMap, BTreeSet};

use antaeusctl::verify::{Finding, Report, verify};
use db::{Db, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// What does not hold; empty when all is well. To be asked when nothing is in flight.
#[must_use]
pub fn broken(invoices: &Db, provider: &Db) -> Vec<Finding> {
    verify(invoices, provider, true).expect("rows").findings
}

/// What does not hold although much is in flight, and how much that is.
#[must_use]
pub fn broken_meanwhile(invoices: &Db, provider: &Db) -> Report {
    verify(invoices, provider, false).expect("rows")
}

/// A number that a query gives as `n`.
///
/// # Errors
/// When the database does not answer.
pub fn number(db: &Db, sql: &str) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    db.read_blocking(|conn| Ok(diesel::sql_query(sql).get_result::<Number>(conn)?.n))
}

/// How many invoices still have something ahead of them.
#[must_use]
pub fn open(invoices: &Db) -> i64 {
    let sql = "SELECT COUNT(*) AS n FROM invoices WHERE state NOT IN ('PAID', 'VOID')";
    number(invoices, sql).expect("a number")
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    invoices: i64,
    #[diesel(sql_type = BigInt)]
    amount: i64,
}

/// Invoices and minor units, by kind and currency; what is nothing is left out.
type Sums = BTreeMap<(String, String), (i64, i64)>;

/// Where the tallies of a run that has ended differ from its attempts, or do not add up.
#[must_use]
pub fn unbalanced(invoices: &Db, run: i64) -> Vec<String> {
    // Whatever was turned away was claimed once more.
    let counted = sums(
        invoices,
        &format!(
            "SELECT kind, currency, CAST(SUM(sign * invoices) AS BIGINT) AS invoices,
                 CAST(SUM(sign * amount) AS BIGINT) AS amount FROM (
                 SELECT CASE outcome WHEN 'not_attempted' THEN 'claimed' ELSE outcome END AS kind,
                     CASE outcome WHEN 'not_attempted' THEN -1 ELSE 1 END AS sign, currency, invoices, amount
                 FROM run_tallies WHERE run_id = {run}) x
             GROUP BY kind, currency"
        ),
    );
    let mut wanted = sums(
        invoices,
        &format!(
            "SELECT kind, currency, COUNT(*) AS invoices, CAST(SUM(amount) AS BIGINT) AS amount FROM (
                 SELECT i.currency, i.amount, CASE WHEN a.outcome IN
                     ('captured', 'already_captured', 'reconciled') THEN 'captured'
                     WHEN a.next_at IS NULL THEN 'parked' ELSE 'declined' END AS kind
                 FROM attempts a JOIN invoices i ON i.id = a.invoice_id WHERE a.run_id = {run}) x
             GROUP BY kind, currency"
        ),
    );
    for ((_, currency), (invoices, amount)) in wanted.clone() {
        for kind in ["expected", "claimed"] {
            let sum = wanted.entry((kind.to_owned(), currency.clone())).or_default();
            *sum = (sum.0 + invoices, sum.1 + amount);
        }
    }
    let keys: BTreeSet<_> = counted.keys().chain(wanted.keys()).collect();
    let differ = keys.into_iter().filter(|key| counted.get(key) != wanted.get(key));
    differ
        .map(|key| format!("{key:?}: counted {:?}, attempts {:?}", counted.get(key), wanted.get(key)))
        .collect()
}

fn sums(db: &Db, sql: &str) -> Sums {
    let rows: Vec<Sum> = db.read_blocking(|conn| Ok(diesel::sql_query(sql).load(conn)?)).expect("sums");
    let some = rows.into_iter().filter(|row| (row.invoices, row.amount) != (0, 0));
    some.map(|row| ((row.kind, row.currency), (row.invoices, row.amount))).collect()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(db: &Db, sql: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Line> = db.read_blocking(|conn| Ok(diesel::sql_query(sql).load(conn)?))?;
    Ok(rows.into_iter().map(|row| row.line).collect())
}

/// How many invoices stand where, for whoever looks into a failure.
#[must_use]
pub fn standings(invoices: &Db) -> Vec<String> {
    let sql = "SELECT state || ' attempt ' || CAST(attempt AS TEXT) || ' ' || COALESCE(last_outcome, '-') || ' run '
             || COALESCE(CAST(run_id AS TEXT), '-') || ': ' || CAST(COUNT(*) AS TEXT) AS line
         FROM invoices GROUP BY state, attempt, last_outcome, run_id
         UNION ALL SELECT 'run ' || CAST(id AS TEXT) || ' ' || state || ' round ' || CAST(round AS TEXT) AS line
         FROM billing_runs";
    lines(invoices, sql).unwrap_or_else(|error| vec![error.to_string()])
}

/// Invoices in the scope of the first run over a data set that stand where no verdict leads: neither paid, nor parked
/// after a hard decline, nor waiting for the morning after the day of a soft one.
#[must_use]
pub fn astray(invoices: &Db, run: i64) -> Vec<String> {
    const HOUR: i64 = 3_600_000_000;
    // Days are those of UTC in a data set: from 23:59 until 08:00, or from 00:00 until 09:00 of the next day.
    let (soonest, latest) = (8 * HOUR, 33 * HOUR);
    let sql = format!(
        "SELECT i.uid || ' ' || i.state || ' attempt ' || CAST(i.attempt AS TEXT) || ' ' || COALESCE(i.last_outcome, '-')
             || ' ' || COALESCE(i.last_code, '-') || ' next ' || COALESCE(CAST(i.next_at AS TEXT), '-') AS line
         FROM invoices i JOIN billing_runs r ON r.id = {run}
         WHERE i.id <= r.max_invoice_id AND NOT COALESCE(CASE i.state
             WHEN 'PAID' THEN i.next_at IS NULL AND i.paid_at IS NOT NULL
             WHEN 'PARKED' THEN i.next_at IS NULL AND i.attempt = 1 AND i.last_code = 'stolen_card'
             WHEN 'PENDING' THEN i.attempt = 1 AND i.last_outcome = 'declined' AND i.last_code <> 'stolen_card'
                 AND i.next_at BETWEEN r.created_at + {soonest} AND r.ended_at + {latest}
             ELSE FALSE END, FALSE)
         ORDER BY i.id LIMIT 100"
    );
    lines(invoices, &sql).expect("lines")
}
