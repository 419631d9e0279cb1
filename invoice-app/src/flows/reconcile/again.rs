//! A second capture of an invoice: the provider's ledger has no place for one, and we do not take its word for it.

use std::collections::HashSet;

use contracts::capture::Capture;
use service::clock::Micros;

use super::{PAGE, ReconcileError, Reconciling};
use crate::domain::invoice::State;
use crate::store::reconciliation;

/// Keys of those captures whose invoice was captured before: within the window, whose invoices so far are in `seen`, or
/// at the time at which we hold it to be paid. Where the provider lists none at that time, ours is wrong, and not the
/// capture.
pub(super) async fn captured_again(
    with: &Reconciling,
    captures: &[Capture],
    seen: &mut HashSet<String>,
) -> Result<HashSet<String>, ReconcileError> {
    let uids: Vec<String> = captures.iter().map(|capture| capture.invoice.clone()).collect();
    let ours = with.db.read(move |conn| {
        let uids: Vec<&str> = uids.iter().map(String::as_str).collect();
        reconciliation::of_uids(conn, &uids)
    });
    let ours = ours.await?;
    let mut again = HashSet::new();
    for capture in captures {
        let paid = ours.get(&capture.invoice).filter(|mine| mine.state == State::Paid);
        let other = paid.and_then(|mine| mine.paid_at).filter(|at| *at != capture.captured_at);
        let is_second = !seen.insert(capture.invoice.clone())
            || match other {
                Some(at) => is_listed(with, &capture.invoice, at).await?,
                None => false,
            };
        if is_second {
            again.insert(capture.key.clone());
        }
    }
    Ok(again)
}

/// Whether the provider lists a capture of an invoice at a moment.
async fn is_listed(with: &Reconciling, invoice: &str, at: Micros) -> Result<bool, ReconcileError> {
    let mut cursor = None;
    loop {
        let page = with.provider.captures(Some(at..at + 1), cursor.as_deref(), PAGE).await?;
        if page.items.iter().any(|capture| capture.invoice == invoice) {
            return Ok(true);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(false);
        }
    }
}
