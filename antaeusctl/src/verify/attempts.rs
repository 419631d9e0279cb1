//! I5: one attempt after the other, each closed by a verdict before the next key is made.

use std::collections::HashMap;

use db::{Db, StoreError};

use super::Report;
use super::rows::{Payment, among, each_page, findings};

/// Each gives `about` and `seen` of what must not be. The attempt that is open has no history yet; all others have.
const QUESTIONS: &[&str] = &[
    "SELECT i.uid AS about, i.state || ' in attempt ' || CAST(i.attempt AS TEXT) || ', history has '
         || CAST(COUNT(a.attempt) AS TEXT) AS seen
     FROM invoices i LEFT JOIN attempts a ON a.invoice_id = i.id GROUP BY i.id, i.uid, i.state, i.attempt
     HAVING COUNT(a.attempt) <> i.attempt - CASE i.state WHEN 'CHARGING' THEN 1 ELSE 0 END
         OR COUNT(a.attempt) <> COALESCE(MAX(a.attempt), 0) LIMIT 1000",
    "SELECT i.uid AS about, i.state || ', history has ' || CAST(COUNT(a.attempt) AS TEXT) || ' payments' AS seen
     FROM invoices i LEFT JOIN attempts a
         ON a.invoice_id = i.id AND a.outcome IN ('captured', 'already_captured', 'reconciled')
     WHERE i.attempt > 0 GROUP BY i.id, i.uid, i.state, i.attempt
     HAVING COUNT(a.attempt) <> CASE i.state WHEN 'PAID' THEN 1 ELSE 0 END
         OR COALESCE(MAX(a.attempt), i.attempt) <> i.attempt LIMIT 1000",
];
const OPEN: &str = "SELECT uid AS about, 'still open, though nothing should be in flight' AS seen
     FROM invoices WHERE state = 'CHARGING' LIMIT 1000";
/// The key in place of the invoice, and the invoice as the detail.
const CHARGES: &str = "SELECT key AS invoice, amount, currency, invoice AS detail FROM charges
     WHERE decision <> 'abandoned' AND NOT key LIKE 'compat:%' AND key > {after} ORDER BY key LIMIT {limit}";
/// The number of the attempt in place of the amount.
const ATTEMPTS: &str = "SELECT uid AS invoice, CAST(attempt AS BIGINT) AS amount, currency, state AS detail FROM invoices WHERE uid";

pub(super) fn check(
    invoices: &Db,
    provider: &Db,
    settled: bool,
    report: &mut Report,
) -> Result<(), StoreError> {
    check_history(invoices, settled, report)?;
    each_page(provider, CHARGES, |charges| {
        let names = charges.iter().map(|charge| charge.detail.clone()).collect();
        let attempts = among(invoices, ATTEMPTS, names)?.into_iter();
        let attempts: HashMap<String, i64> = attempts.map(|row| (row.invoice, row.amount)).collect();
        charges.iter().for_each(|charge| key_was_opened(charge, &attempts, report));
        Ok(())
    })
}

/// What invoice-app's own rows say.
pub(super) fn check_history(invoices: &Db, settled: bool, report: &mut Report) -> Result<(), StoreError> {
    for sql in QUESTIONS.iter().copied().chain(settled.then_some(OPEN)) {
        for (about, seen) in findings(invoices, sql)? {
            report.found("I5", about, seen);
        }
    }
    Ok(())
}

/// A key is the invoice and the number of an attempt that invoice-app knows of.
fn key_was_opened(charge: &Payment, attempts: &HashMap<String, i64>, report: &mut Report) {
    let (key, invoice) = (&charge.invoice, &charge.detail);
    let number =
        key.strip_prefix(invoice.as_str()).and_then(|rest| rest.strip_prefix(':')?.parse::<i64>().ok());
    match (attempts.get(invoice), number) {
        (Some(last), Some(number)) if (1..=*last).contains(&number) => {}
        (last, _) => {
            let last = last.map_or_else(|| "no such invoice".to_owned(), |last| format!("attempt {last}"));
            report.found("I5", invoice, format!("charged under {key}; invoice-app is at {last}"));
        }
    }
}
