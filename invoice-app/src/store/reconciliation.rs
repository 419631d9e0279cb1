//! What was compared with the provider, and what did not agree, as rows.

use std::collections::BTreeMap;

use contracts::capture::Capture;
use contracts::{Currency, Money};
use db::{AnyConnection, StoreError};
use diesel::dsl::max;
use diesel::prelude::*;
use service::clock::Micros;

use super::schema::{attempts, differences, invoices, reconciled_windows};
use super::tallies::{self, Change};
use crate::domain::difference::{Difference, Kind, Standing};
use crate::domain::invoice::{LastOutcome, State};
use crate::domain::progress::Count;

/// Until when everything was compared. Each window begins where the one before ended, and is found by its beginning.
pub fn reconciled_to(conn: &mut AnyConnection) -> Result<Option<Micros>, StoreError> {
    let last = reconciled_windows::table.order(reconciled_windows::from_at.desc());
    Ok(last.select(reconciled_windows::to_at).first(conn).optional()?)
}

/// When the last window was compared.
pub fn checked_at(conn: &mut AnyConnection) -> Result<Option<Micros>, StoreError> {
    Ok(reconciled_windows::table.select(max(reconciled_windows::checked_at)).first(conn)?)
}

/// Notes that a window was compared; another process may have been faster.
pub fn insert_window(
    conn: &mut AnyConnection,
    (from, to): (Micros, Micros),
    now: Micros,
) -> Result<(), StoreError> {
    let window = diesel::insert_into(reconciled_windows::table)
        .values((
            reconciled_windows::from_at.eq(from),
            reconciled_windows::to_at.eq(to),
            reconciled_windows::checked_at.eq(now),
        ))
        .on_conflict_do_nothing();
    match conn {
        AnyConnection::Postgres(conn) => window.execute(conn)?,
        AnyConnection::Sqlite(conn) => window.execute(conn)?,
    };
    Ok(())
}

/// What of an invoice is held against a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours {
    /// Number.
    pub id: i64,
    /// Where it stands.
    pub state: State,
    /// How much.
    pub amount: Money,
    /// When it was paid, in the provider's time.
    pub paid_at: Option<Micros>,
}

type OurColumns = (String, i64, String, i64, String, Option<i64>);

/// Our invoices of these UUIDs.
pub fn of_uids(conn: &mut AnyConnection, uids: &[&str]) -> Result<BTreeMap<String, Ours>, StoreError> {
    let rows: Vec<OurColumns> = invoices::table
        .filter(invoices::uid.eq_any(uids))
        .select((
            invoices::uid,
            invoices::id,
            invoices::state,
            invoices::amount,
            invoices::currency,
            invoices::paid_at,
        ))
        .load(conn)?;
    rows.into_iter().map(ours).collect()
}

/// Our invoices that were paid through the provider within a window. Walks the whole table: asked only where the sums
/// of a short window disagree.
pub fn paid(
    conn: &mut AnyConnection,
    (from, to): (Micros, Micros),
) -> Result<BTreeMap<String, Ours>, StoreError> {
    let rows: Vec<OurColumns> = invoices::table
        .filter(invoices::paid_at.ge(from).and(invoices::paid_at.lt(to)).assume_not_null())
        .filter(invoices::attempt.gt(0))
        .select((
            invoices::uid,
            invoices::id,
            invoices::state,
            invoices::amount,
            invoices::currency,
            invoices::paid_at,
        ))
        .load(conn)?;
    rows.into_iter().map(ours).collect()
}

fn ours((uid, id, state, amount, currency, paid_at): OurColumns) -> Result<(String, Ours), StoreError> {
    let bug = || StoreError::Bug(format!("invoice {id} cannot be read"));
    let state = State::parse(&state).ok_or_else(bug)?;
    let currency = currency.parse().map_err(|_| bug())?;
    Ok((uid, Ours { id, state, amount: Money { minor: amount, currency }, paid_at }))
}

/// What a capture is written into.
struct Unpaid {
    state: String,
    attempt: i32,
    epoch: i64,
    run: Option<i64>,
    is_unknown: bool,
}

fn unpaid(conn: &mut AnyConnection, id: i64) -> Result<Option<Unpaid>, StoreError> {
    type Columns = (String, i32, i64, Option<i64>, Option<String>);
    let open = [State::Pending, State::Charging, State::Parked].map(State::as_str);
    let row: Option<Columns> = invoices::table
        .filter(invoices::id.eq(id).and(invoices::state.eq_any(open)))
        .select((
            invoices::state,
            invoices::attempt,
            invoices::epoch,
            invoices::run_id,
            invoices::last_outcome,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(state, attempt, epoch, run, outcome)| {
        if state == State::Charging.as_str() {
            // It closes the attempt that is open, of the run that opened it.
            let is_unknown = outcome.as_deref() == Some(LastOutcome::Unknown.as_str());
            Unpaid { state, attempt, epoch, run, is_unknown }
        } else {
            // Out of the way of attempts that are over, whose numbers are taken.
            Unpaid { state, attempt: attempt + 1, epoch, run: None, is_unknown: false }
        }
    }))
}

/// Writes down that the provider captured what we did not know to be paid. The new epoch fences whoever is asking about
/// it right now. False when it was settled meanwhile.
pub fn repair(conn: &mut AnyConnection, id: i64, capture: &Capture, now: Micros) -> Result<bool, StoreError> {
    let Some(unpaid) = unpaid(conn, id)? else { return Ok(false) };
    let as_seen = invoices::state.eq(&unpaid.state).and(invoices::epoch.eq(unpaid.epoch));
    let change = (
        invoices::state.eq(State::Paid.as_str()),
        invoices::epoch.eq(unpaid.epoch + 1),
        invoices::attempt.eq(unpaid.attempt),
        invoices::next_at.eq(None::<i64>),
        invoices::leased_until.eq(None::<i64>),
        invoices::unknown_since.eq(None::<i64>),
        invoices::last_outcome.eq(None::<String>),
        invoices::last_code.eq(None::<String>),
        invoices::paid_at.eq(capture.captured_at),
    );
    let there = invoices::table.filter(invoices::id.eq(id).and(as_seen));
    if diesel::update(there).set(change).execute(conn)? == 0 {
        return Err(StoreError::Busy("somebody else works on the invoice".into()));
    }
    diesel::insert_into(attempts::table)
        .values((
            attempts::invoice_id.eq(id),
            attempts::attempt.eq(unpaid.attempt),
            attempts::run_id.eq(unpaid.run),
            attempts::started_at.eq(capture.captured_at),
            attempts::ended_at.eq(now),
            attempts::outcome.eq("reconciled"),
        ))
        .execute(conn)?;
    tallies::insert(conn, &repaired(id, &unpaid, capture), now)?;
    Ok(true)
}

/// What that adds to the tallies: the run does not wait for the verdict any more.
fn repaired(id: i64, unpaid: &Unpaid, capture: &Capture) -> Vec<Change<'static>> {
    let of = |outcome, invoices: i64, at| Change {
        invoice: id,
        run: unpaid.run,
        outcome,
        reason: "",
        currency: capture.currency,
        count: Count { invoices, amount: invoices * capture.amount },
        at,
    };
    let mut changes = vec![of("captured", 1, Some(capture.captured_at))];
    if unpaid.is_unknown {
        changes.push(of("unknown", -1, None));
    }
    changes
}

/// Adds a difference, or says how one that is known stands now.
pub fn put_difference(conn: &mut AnyConnection, difference: &Difference) -> Result<(), StoreError> {
    let Difference { invoice_uid, kind, amount, standing, found_at } = difference;
    let known = differences::table.find((invoice_uid, kind.as_str()));
    let stands = differences::state.eq(standing.as_str());
    if diesel::update(known).set(stands).execute(conn)? > 0 {
        return Ok(());
    }
    // Another process may have found it at the same moment.
    let insert = diesel::insert_into(differences::table)
        .values((
            differences::invoice_uid.eq(invoice_uid),
            differences::kind.eq(kind.as_str()),
            differences::amount.eq(amount.minor),
            differences::currency.eq(amount.currency.code()),
            stands,
            differences::found_at.eq(found_at),
        ))
        .on_conflict_do_nothing();
    match conn {
        AnyConnection::Postgres(conn) => insert.execute(conn)?,
        AnyConnection::Sqlite(conn) => insert.execute(conn)?,
    };
    Ok(())
}

/// Differences, the open ones first, then the newest.
pub fn differences(conn: &mut AnyConnection, limit: i64) -> Result<Vec<Difference>, StoreError> {
    type Columns = (String, String, i64, String, String, i64);
    let is_open = differences::state.eq("open");
    let rows: Vec<Columns> = differences::table
        .order((is_open.desc(), differences::found_at.desc(), differences::invoice_uid))
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(difference).collect()
}

fn difference(
    (invoice_uid, kind, amount, currency, state, found_at): (String, String, i64, String, String, i64),
) -> Result<Difference, StoreError> {
    let bug = || StoreError::Bug(format!("a difference of {invoice_uid} cannot be read"));
    let currency = currency.parse().map_err(|_| bug())?;
    Ok(Difference {
        kind: Kind::parse(&kind).ok_or_else(bug)?,
        standing: Standing::parse(&state).ok_or_else(bug)?,
        amount: Money { minor: amount, currency },
        invoice_uid,
        found_at,
    })
}

/// The money of open differences, per currency.
pub fn unreconciled(conn: &mut AnyConnection) -> Result<BTreeMap<Currency, i64>, StoreError> {
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    let open = differences::table.filter(differences::state.eq("open"));
    let rows: Vec<(String, i64)> = open.select((differences::currency, differences::amount)).load(conn)?;
    for (currency, amount) in rows {
        let currency = super::currency(&currency)?;
        *sums.entry(currency).or_default() += amount;
    }
    Ok(sums)
}
