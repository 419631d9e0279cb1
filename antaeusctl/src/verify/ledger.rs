//! I1 and I4: every movement has its charge, no invoice two captures, every balance its movements, and nothing can be
//! changed afterwards.

use db::{AnyConnection, Db, StoreError};
use diesel::prelude::*;

use super::Report;
use super::rows::findings;

/// Each gives `about` and `seen` of what must not be.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "I1",
        "SELECT reference AS about, CAST(COUNT(*) AS TEXT) || ' captures' AS seen FROM transfers
         WHERE kind = 'capture' GROUP BY reference HAVING COUNT(*) > 1 LIMIT 1000",
    ),
    (
        "I4",
        "SELECT t.reference AS about, 'captured without an approved charge of the same content' AS seen
         FROM transfers t LEFT JOIN charges c ON c.key = t.charge AND c.decision = 'approved'
             AND c.invoice = t.reference AND c.amount = t.amount AND c.currency = t.currency
         WHERE t.kind = 'capture' AND c.key IS NULL LIMIT 1000",
    ),
    (
        "I4",
        "SELECT c.key AS about, 'approved, but its invoice has no capture' AS seen
         FROM charges c LEFT JOIN transfers t ON t.kind = 'capture' AND t.reference = c.invoice
         WHERE c.decision = 'approved' AND t.reference IS NULL LIMIT 1000",
    ),
    (
        "I4",
        "SELECT reference AS about, 'moves ' || CAST(amount AS TEXT) || ' from ' || debit || ' to ' || credit AS seen
         FROM transfers WHERE amount <= 0 OR debit = credit LIMIT 1000",
    ),
    (
        "I4",
        "SELECT w.customer AS about, 'balance ' || CAST(w.balance AS TEXT) || ', movements add up to '
             || CAST(COALESCE(SUM(e.amount), 0) AS TEXT) AS seen
         FROM wallets w LEFT JOIN entries e ON e.account = 'wallet/' || w.customer
         GROUP BY w.customer, w.balance HAVING w.balance <> COALESCE(SUM(e.amount), 0) OR w.balance < 0 LIMIT 1000",
    ),
    (
        "I4",
        "SELECT e.account AS about, 'moves ' || e.currency || ', the wallet is not kept in it' AS seen
         FROM entries e LEFT JOIN wallets w ON e.account = 'wallet/' || w.customer AND w.currency = e.currency
         WHERE e.account LIKE 'wallet/%' AND w.customer IS NULL LIMIT 1000",
    ),
    (
        "I4",
        "SELECT currency AS about, 'all entries add up to ' || CAST(SUM(amount) AS TEXT) AS seen
         FROM entries GROUP BY currency HAVING SUM(amount) <> 0",
    ),
];

/// What keeps the rows from being changed, by database.
const GUARDS_POSTGRES: &str = "SELECT COUNT(*) AS n FROM pg_trigger
     WHERE tgname IN ('charges_append_only', 'transfers_append_only') AND tgenabled IN ('O', 'A')";
const GUARDS_SQLITE: &str = "SELECT COUNT(*) AS n FROM sqlite_master WHERE type = 'trigger' AND name IN
     ('charges_no_update', 'charges_no_delete', 'transfers_no_update', 'transfers_no_delete')";

pub(super) fn check(provider: &Db, report: &mut Report) -> Result<(), StoreError> {
    for (invariant, sql) in QUESTIONS {
        for (about, seen) in findings(provider, sql)? {
            report.found(invariant, about, seen);
        }
    }
    if !provider.read_blocking(guarded)? {
        report.found("I4", "charges, transfers", "the triggers that refuse changes are missing or disabled");
    }
    Ok(())
}

fn guarded(conn: &mut AnyConnection) -> Result<bool, StoreError> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let (sql, wanted) = match conn {
        AnyConnection::Postgres(_) => (GUARDS_POSTGRES, 2),
        AnyConnection::Sqlite(_) => (GUARDS_SQLITE, 4),
    };
    let count: Count = diesel::sql_query(sql).get_result(conn)?;
    Ok(count.n == wanted)
}
