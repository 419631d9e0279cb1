//! Compares our payments with the provider's captures: by sums, then, where the sums of a short window disagree, one by
//! one. Puts right what is safe, sets aside what is not.

mod again;

use std::collections::HashSet;
use std::sync::Arc;

use contracts::Money;
use contracts::capture::{Capture, Total};
use contracts::event::Kind as EventKind;
use db::{AnyConnection, Db, StoreError};
use service::clock::{Micros, SECOND};

use super::void_invoice::{Telling, tell};
use crate::clients::provider::{CallError, Provider};
use crate::domain::difference::{Difference, Kind, Standing, judge};
use crate::domain::invoice::State;
use crate::store::{invoices, reconciliation, tallies};

/// Windows up to this long are looked at one by one; longer ones are halved.
const SHORT: Micros = SECOND;
/// Captures per page.
const PAGE: i64 = 1_000;

/// Whom and what to compare.
#[derive(Clone)]
pub struct Reconciling {
    /// Our rows.
    pub db: Db,
    /// The other side.
    pub provider: Arc<Provider>,
    /// What is younger than this may still be on its way to our rows.
    pub settling: Micros,
    /// Whether events are written.
    pub tells: bool,
}

/// Why it could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// Our side.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The other side.
    #[error("{0}")]
    Provider(#[from] CallError),
}

type Window = (Micros, Micros);

/// Compares everything since the last time that is old enough.
pub async fn reconcile(with: &Reconciling, now: Micros) -> Result<(), ReconcileError> {
    let from = with.db.read(reconciliation::reconciled_to).await?.unwrap_or(0);
    let whole = (from, now - with.settling);
    if whole.1 <= whole.0 {
        return Ok(());
    }
    let mut windows = vec![whole];
    while let Some(window) = windows.pop() {
        if agree(with, window).await? {
            continue;
        }
        if window.1 - window.0 > SHORT {
            let middle = window.0 + (window.1 - window.0) / 2;
            windows.extend([(window.0, middle), (middle, window.1)]);
        } else {
            examine(with, window, now).await?;
        }
    }
    Ok(with.db.write(move |conn| reconciliation::insert_window(conn, whole, now)).await?)
}

async fn agree(with: &Reconciling, window: Window) -> Result<bool, ReconcileError> {
    let theirs = with.provider.totals(window.0..window.1).await?;
    let ours: Vec<Total> = with.db.read(move |conn| tallies::captured(conn, window.0..window.1)).await?;
    Ok(theirs == ours)
}

/// Looks at each capture of a short window, and at each payment of ours that has none.
async fn examine(with: &Reconciling, window: Window, now: Micros) -> Result<(), ReconcileError> {
    let mut cursor = None;
    let mut seen: HashSet<String> = HashSet::new();
    loop {
        let page = with.provider.captures(Some(window.0..window.1), cursor.as_deref(), PAGE).await?;
        let again = again::captured_again(with, &page.items, &mut seen).await?;
        let telling = Telling { wanted: with.tells, traceparent: None };
        with.db.write(move |conn| examine_page(conn, (&page.items, &again), &telling, now)).await?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    with.db.write(move |conn| examine_paid(conn, window, &seen, now)).await?;
    Ok(())
}

fn examine_page(
    conn: &mut AnyConnection,
    (captures, again): (&[Capture], &HashSet<String>),
    telling: &Telling,
    now: Micros,
) -> Result<(), StoreError> {
    let uids: Vec<&str> = captures.iter().map(|capture| capture.invoice.as_str()).collect();
    let ours = reconciliation::of_uids(conn, &uids)?;
    for capture in captures {
        let amount = Money { minor: capture.amount, currency: capture.currency };
        let mine = ours.get(&capture.invoice);
        let judged = if again.contains(&capture.key) {
            Some(Kind::CapturedTwice)
        } else {
            judge(amount, mine.map(|mine| (mine.state, mine.amount)))
        };
        let Some(kind) = judged else { continue };
        let standing = match (kind, mine) {
            (Kind::CapturedNotPaid, Some(mine)) => {
                if !reconciliation::repair(conn, mine.id, capture, now)? {
                    continue;
                }
                tell(conn, EventKind::InvoicePaid, (mine.id, None), telling, now)?;
                Standing::Repaired
            }
            (Kind::AmountDiffers, Some(mine)) => set_aside(conn, mine.id)?,
            _ => Standing::Open,
        };
        tracing::error!(
            invoice = capture.invoice,
            kind = kind.as_str(),
            "the provider's books differ from ours"
        );
        let invoice_uid = capture.invoice.clone();
        let difference = Difference { invoice_uid, kind, amount, standing, found_at: now };
        reconciliation::put_difference(conn, &difference)?;
    }
    Ok(())
}

/// An invoice that was charged with another amount must not be charged again; what is paid cannot be set aside.
fn set_aside(conn: &mut AnyConnection, id: i64) -> Result<Standing, StoreError> {
    let parked = invoices::change_state(conn, id, (State::Pending, State::Parked), None)?;
    Ok(if parked || invoices::get(conn, id)?.state == State::Parked {
        Standing::Parked
    } else {
        Standing::Open
    })
}

fn examine_paid(
    conn: &mut AnyConnection,
    window: Window,
    captured: &HashSet<String>,
    now: Micros,
) -> Result<(), StoreError> {
    for (invoice_uid, mine) in reconciliation::paid(conn, window)? {
        if captured.contains(&invoice_uid) {
            continue;
        }
        tracing::error!(invoice = invoice_uid, "it is paid, and the provider did not capture it");
        let (kind, standing) = (Kind::PaidNotCaptured, Standing::Open);
        let difference = Difference { invoice_uid, kind, amount: mine.amount, standing, found_at: now };
        reconciliation::put_difference(conn, &difference)?;
    }
    Ok(())
}
