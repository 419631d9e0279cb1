//! Billing runs as rows.

use db::{AnyConnection, StoreError};
use diesel::dsl::{exists, sum};
use diesel::prelude::*;
use service::clock::Micros;

use super::schema::{billing_runs, invoices, run_tallies};
use crate::domain::invoice::{LastOutcome, State};
use crate::domain::run::{Run, Scope, Tally};

#[derive(Queryable, Selectable)]
#[diesel(table_name = billing_runs)]
struct Row {
    id: i64,
    scope: String,
    round: i32,
    rounds_left: i32,
    max_invoice_id: i64,
    cutoff_at: i64,
}

impl TryFrom<Row> for Run {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let scope = Scope::parse(&row.scope)
            .ok_or_else(|| StoreError::Bug(format!("billing run {} has an unreadable scope", row.id)))?;
        let Row { id, round, rounds_left, max_invoice_id, cutoff_at, .. } = row;
        Ok(Self { id, scope, round, rounds_left, max_invoice_id, cutoff_at })
    }
}

/// Adds a run in its first round. The scope key is UNIQUE: two triggers of one key are one run.
pub fn insert(
    conn: &mut AnyConnection,
    scope_key: &str,
    (scope, rounds): (Scope, i32),
    max_invoice_id: i64,
    now: Micros,
) -> Result<i64, StoreError> {
    Ok(diesel::insert_into(billing_runs::table)
        .values((
            billing_runs::scope_key.eq(scope_key),
            billing_runs::scope.eq(scope.as_str()),
            billing_runs::state.eq("running"),
            billing_runs::round.eq(1),
            billing_runs::rounds_left.eq(rounds),
            billing_runs::max_invoice_id.eq(max_invoice_id),
            billing_runs::cutoff_at.eq(now),
            billing_runs::created_at.eq(now),
        ))
        .returning(billing_runs::id)
        .get_result(conn)?)
}

/// The runs that are not finished, oldest first.
pub fn running(conn: &mut AnyConnection) -> Result<Vec<Run>, StoreError> {
    let rows: Vec<Row> = billing_runs::table
        .filter(billing_runs::state.eq("running"))
        .order(billing_runs::id)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Run::try_from).collect()
}

/// Whether a run is finished.
pub fn is_finished(conn: &mut AnyConnection, id: i64) -> Result<bool, StoreError> {
    let state: String = billing_runs::table.find(id).select(billing_runs::state).first(conn)?;
    Ok(state == "finished")
}

/// What a round came to so far.
pub fn tally(conn: &mut AnyConnection, run: i64, round: i32) -> Result<Tally, StoreError> {
    use run_tallies::dsl;
    type Sums = (Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<i64>);
    let sums: Sums = dsl::run_tallies
        .filter(dsl::run_id.eq(run).and(dsl::round.eq(round)))
        .select((
            sum(dsl::captured),
            sum(dsl::declined),
            sum(dsl::unknown),
            sum(dsl::not_attempted),
            sum(dsl::parked),
        ))
        .first(conn)?;
    let whole = |sum: Option<i64>| i32::try_from(sum.unwrap_or_default()).unwrap_or(i32::MAX);
    let (captured, declined, unknown, not_attempted, parked) = sums;
    Ok(Tally {
        captured: whole(captured),
        declined: whole(declined),
        unknown: whole(unknown),
        not_attempted: whole(not_attempted),
        parked: whole(parked),
    })
}

/// Adds what one settled batch came to.
pub fn insert_tally(conn: &mut AnyConnection, run: &Run, tally: &Tally) -> Result<(), StoreError> {
    diesel::insert_into(run_tallies::table)
        .values((
            run_tallies::run_id.eq(run.id),
            run_tallies::round.eq(run.round),
            run_tallies::captured.eq(tally.captured),
            run_tallies::declined.eq(tally.declined),
            run_tallies::unknown.eq(tally.unknown),
            run_tallies::not_attempted.eq(tally.not_attempted),
            run_tallies::parked.eq(tally.parked),
        ))
        .execute(conn)?;
    Ok(())
}

/// Whether somebody still has work in this round: rows to claim, or claims that are being worked on.
pub fn round_is_open(conn: &mut AnyConnection, run: &Run) -> Result<bool, StoreError> {
    let due = invoices::next_at.le(run.cutoff_at).and(invoices::id.le(run.max_invoice_id));
    let pending = invoices::state.eq(State::Pending.as_str()).and(due);
    let to_claim = match run.scope {
        Scope::Unpaid => diesel::select(exists(invoices::table.filter(pending))).get_result(conn)?,
        Scope::Untried => {
            let untried = pending.and(invoices::last_outcome.is_null());
            diesel::select(exists(invoices::table.filter(untried))).get_result(conn)?
        }
        Scope::Unknown => false,
    };
    if to_claim {
        return Ok(true);
    }
    let claimed = invoices::state
        .eq(State::Charging.as_str())
        .and(invoices::next_at.is_not_null())
        .and(invoices::run_id.eq(run.id))
        .and(invoices::last_outcome.is_null());
    Ok(diesel::select(exists(invoices::table.filter(claimed))).get_result(conn)?)
}

/// Whether invoices of the run are still to be paid by themselves.
pub fn unpaid_left(conn: &mut AnyConnection, run: &Run) -> Result<bool, StoreError> {
    let open = invoices::next_at.is_not_null().and(invoices::id.le(run.max_invoice_id));
    Ok(diesel::select(exists(invoices::table.filter(open))).get_result(conn)?)
}

/// Makes everything in the run's scope due now, whenever it was planned for: a round is for all of them.
pub fn pull_in(
    conn: &mut AnyConnection,
    scope: Scope,
    max_id: i64,
    now: Micros,
) -> Result<usize, StoreError> {
    let planned = invoices::next_at.gt(now).and(invoices::id.le(max_id));
    let pending = invoices::state.eq(State::Pending.as_str());
    let unknown = invoices::state
        .eq(State::Charging.as_str())
        .and(invoices::last_outcome.eq(LastOutcome::Unknown.as_str()).assume_not_null());
    let to_now = invoices::next_at.eq(now);
    Ok(match scope {
        Scope::Unpaid => diesel::update(invoices::table.filter(planned.and(pending.or(unknown))))
            .set(to_now)
            .execute(conn)?,
        Scope::Untried => {
            let untried = pending.and(invoices::last_outcome.is_null());
            diesel::update(invoices::table.filter(planned.and(untried))).set(to_now).execute(conn)?
        }
        Scope::Unknown => {
            diesel::update(invoices::table.filter(planned.and(unknown))).set(to_now).execute(conn)?
        }
    })
}

/// Begins the next round, unless somebody else has.
pub fn begin_round(
    conn: &mut AnyConnection,
    run: &Run,
    rounds_left: i32,
    now: Micros,
) -> Result<bool, StoreError> {
    let this_round = billing_runs::id.eq(run.id).and(billing_runs::round.eq(run.round));
    let next = (
        billing_runs::round.eq(run.round + 1),
        billing_runs::rounds_left.eq(rounds_left),
        billing_runs::cutoff_at.eq(now),
    );
    let running = billing_runs::table.filter(this_round.and(billing_runs::state.eq("running")));
    Ok(diesel::update(running).set(next).execute(conn)? == 1)
}

/// Ends the run, unless somebody else has.
pub fn finish(conn: &mut AnyConnection, run: &Run, now: Micros) -> Result<bool, StoreError> {
    let this_round = billing_runs::id.eq(run.id).and(billing_runs::round.eq(run.round));
    let running = billing_runs::table.filter(this_round.and(billing_runs::state.eq("running")));
    let finished = (billing_runs::state.eq("finished"), billing_runs::finished_at.eq(now));
    Ok(diesel::update(running).set(finished).execute(conn)? == 1)
}
