//! One invoice and its history, in words.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::money::Amount;
use crate::table::{Column, facts, plain, table};

/// An invoice as the API shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Invoice {
    id: i64,
    uid: String,
    customer_id: i64,
    amount: Amount,
    due_on: Option<String>,
    state: String,
    attempts: i64,
    next_at: Option<String>,
    paid_at: Option<String>,
    created_at: String,
    pub(super) explanation: Option<String>,
}

/// The history of an invoice, as it was written.
#[derive(Deserialize)]
pub(super) struct Attempts {
    pub(super) items: Box<RawValue>,
}

impl Attempts {
    pub(super) fn read(&self) -> Result<Vec<Attempt>, String> {
        serde_json::from_str(self.items.get()).map_err(|e| format!("an attempt is something else: {e}"))
    }
}

/// An attempt that is over.
#[derive(Debug, Deserialize)]
pub(super) struct Attempt {
    attempt: i64,
    run_id: Option<i64>,
    started_at: String,
    ended_at: Option<String>,
    outcome: String,
    decline_code: Option<String>,
    next_at: Option<String>,
}

/// All that is known of an invoice.
pub(super) fn show(invoice: &Invoice) -> String {
    let moment = |at: &Option<String>| at.clone().unwrap_or_else(|| "-".into());
    let known = facts(&[
        ("uid", invoice.uid.clone()),
        ("customer", invoice.customer_id.to_string()),
        ("amount", invoice.amount.to_string()),
        ("due on", moment(&invoice.due_on)),
        ("attempts", invoice.attempts.to_string()),
        ("next", moment(&invoice.next_at)),
        ("paid", moment(&invoice.paid_at)),
        ("created", invoice.created_at.clone()),
    ]);
    format!("invoice I{}: {}\n{known}\n{}", invoice.id, plain(&invoice.state), sentence(invoice))
}

/// What comes next, and what was.
pub(super) fn explanation(invoice: &Invoice, history: &[Attempt]) -> String {
    if history.is_empty() {
        return format!("{}\nNo attempt is over.", sentence(invoice));
    }
    let columns = [
        Column::Right("attempt"),
        Column::Right("run"),
        Column::Left("started"),
        Column::Left("ended"),
        Column::Left("outcome"),
        Column::Left("why"),
        Column::Left("next"),
    ];
    let rows: Vec<_> = history.iter().map(row).collect();
    format!("{}\n\n{}", sentence(invoice), table(&columns, &rows))
}

fn sentence(invoice: &Invoice) -> String {
    let state = || format!("The invoice is {}.", invoice.state);
    plain(&invoice.explanation.clone().unwrap_or_else(state))
}

fn row(attempt: &Attempt) -> Vec<String> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
    vec![
        attempt.attempt.to_string(),
        or_none(attempt.run_id.map(|id| id.to_string())),
        attempt.started_at.clone(),
        or_none(attempt.ended_at.clone()),
        attempt.outcome.clone(),
        or_none(attempt.decline_code.clone()),
        or_none(attempt.next_at.clone()),
    ]
}

#[cfg(test)]
#[path = "invoice_tests.rs"]
mod tests;
