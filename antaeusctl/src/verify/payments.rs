//! I1 and I3: what is paid here was captured there, once and to the cent, and the other way round.

use std::collections::HashMap;

use db::{Db, StoreError};

use super::Report;
use super::rows::{Payment, among, each_page};

const PAID: &str = "SELECT uid AS invoice, amount, currency, state AS detail FROM invoices
     WHERE state = 'PAID' AND attempt > 0 AND uid > {after} ORDER BY uid LIMIT {limit}";
const INVOICES: &str = "SELECT uid AS invoice, amount, currency, state AS detail FROM invoices WHERE uid";
const CAPTURED: &str = "SELECT reference AS invoice, amount, currency, charge AS detail FROM transfers
     WHERE kind = 'capture' AND credit = 'merchant/antaeus' AND reference > {after} ORDER BY reference LIMIT {limit}";
const CAPTURES: &str = "SELECT reference AS invoice, amount, currency, charge AS detail FROM transfers
     WHERE kind = 'capture' AND reference";

pub(super) fn compare(
    invoices: &Db,
    provider: &Db,
    settled: bool,
    report: &mut Report,
) -> Result<(), StoreError> {
    each_page(invoices, PAID, |paid| {
        let captures = by_invoice(among(provider, CAPTURES, names(paid))?);
        report.paid += count(paid);
        paid.iter().for_each(|paid| paid_is_captured(paid, captures.get(&paid.invoice), report));
        Ok(())
    })?;
    each_page(provider, CAPTURED, |captured| {
        let known = by_invoice(among(invoices, INVOICES, names(captured))?);
        report.captures += count(captured);
        captured.iter().for_each(|one| captured_is_paid(one, known.get(&one.invoice), settled, report));
        Ok(())
    })
}

fn paid_is_captured(paid: &Payment, capture: Option<&Payment>, report: &mut Report) {
    let (amount, currency) = paid.money();
    match capture {
        None => report.found("I3", &paid.invoice, format!("PAID {amount} {currency}, never captured")),
        Some(capture) if capture.money() != paid.money() => {
            let (taken, in_currency) = capture.money();
            let seen = format!("PAID {amount} {currency}, captured {taken} {in_currency}");
            report.found("I3", &paid.invoice, seen);
        }
        Some(_) => {}
    }
}

fn captured_is_paid(capture: &Payment, invoice: Option<&Payment>, settled: bool, report: &mut Report) {
    match invoice.map(|invoice| invoice.detail.as_str()) {
        Some("PAID") => {}
        Some("CHARGING") if !settled => report.in_flight += 1,
        state => {
            let state = state.unwrap_or("unknown to invoice-app");
            report.found("I3", &capture.invoice, format!("captured by {}, and {state}", capture.detail));
        }
    }
}

fn names(rows: &[Payment]) -> Vec<String> {
    rows.iter().map(|row| row.invoice.clone()).collect()
}

fn by_invoice(rows: Vec<Payment>) -> HashMap<String, Payment> {
    rows.into_iter().map(|row| (row.invoice.clone(), row)).collect()
}

fn count(rows: &[Payment]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}
