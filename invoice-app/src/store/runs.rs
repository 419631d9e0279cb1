//! Billing runs as rows.

use std::sync::Arc;

use db::{AnyConnection, StoreError};
use diesel::prelude::*;
use service::clock::Micros;

use super::schema::{billing_runs, run_invoices};
use crate::domain::policy::RetryPolicy;
use crate::domain::run::{Run, RunState, Scope};

#[derive(Queryable, Selectable)]
#[diesel(table_name = billing_runs)]
struct Row {
    id: i64,
    scope_key: String,
    scope: String,
    state: String,
    round: i32,
    rounds_left: Option<i32>,
    max_invoice_id: i64,
    cutoff_at: i64,
    created_at: i64,
    ended_at: Option<i64>,
    started_by: String,
    policy: String,
    traceparent: Option<String>,
}

impl TryFrom<Row> for Run {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bug = |what: &str| StoreError::Bug(format!("billing run {} has an unreadable {what}", row.id));
        Ok(Self {
            scope: Scope::parse(&row.scope).ok_or_else(|| bug("scope"))?,
            state: RunState::parse(&row.state).ok_or_else(|| bug("state"))?,
            policy: Arc::new(read_policy(&row.policy).ok_or_else(|| bug("policy"))?),
            id: row.id,
            scope_key: row.scope_key,
            round: row.round,
            rounds_left: row.rounds_left,
            max_invoice_id: row.max_invoice_id,
            cutoff_at: row.cutoff_at,
            created_at: row.created_at,
            ended_at: row.ended_at,
            started_by: row.started_by,
            traceparent: row.traceparent,
        })
    }
}

/// Runs from before there were policies went by the standard one, round after round.
fn read_policy(text: &str) -> Option<RetryPolicy> {
    if text.is_empty() {
        return Some(RetryPolicy::standard().for_rounds());
    }
    serde_json::from_str(text).ok()
}

/// A run to be started.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// What it is started for.
    pub scope_key: String,
    /// Which invoices.
    pub scope: Scope,
    /// Rounds of older clients; `None` for a run that waits for every verdict.
    pub rounds: Option<i32>,
    /// Who starts it.
    pub started_by: String,
    /// When to try again.
    pub policy: Arc<RetryPolicy>,
    /// W3C trace context of what starts it.
    pub traceparent: Option<String>,
}

/// Adds a run in its first round; `None` when there is one of this scope key already, of whatever kind.
pub fn insert(
    conn: &mut AnyConnection,
    new: &NewRun,
    max_invoice_id: i64,
    now: Micros,
) -> Result<Option<i64>, StoreError> {
    let policy = serde_json::to_string(&*new.policy).map_err(|e| StoreError::Bug(e.to_string()))?;
    let insert = diesel::insert_into(billing_runs::table)
        .values((
            billing_runs::scope_key.eq(&new.scope_key),
            billing_runs::scope.eq(new.scope.as_str()),
            billing_runs::state.eq(RunState::Running.as_str()),
            billing_runs::round.eq(1),
            billing_runs::rounds_left.eq(new.rounds),
            billing_runs::max_invoice_id.eq(max_invoice_id),
            billing_runs::cutoff_at.eq(now),
            billing_runs::created_at.eq(now),
            billing_runs::started_by.eq(&new.started_by),
            billing_runs::policy.eq(policy),
            billing_runs::traceparent.eq(&new.traceparent),
        ))
        .on_conflict_do_nothing()
        .returning(billing_runs::id);
    Ok(match conn {
        AnyConnection::Postgres(conn) => insert.get_result(conn).optional()?,
        AnyConnection::Sqlite(conn) => insert.get_result(conn).optional()?,
    })
}

/// Names the invoices of a run.
pub fn insert_invoices(conn: &mut AnyConnection, run: i64, ids: &[i64]) -> Result<(), StoreError> {
    for id in ids {
        diesel::insert_into(run_invoices::table)
            .values((run_invoices::run_id.eq(run), run_invoices::invoice_id.eq(id)))
            .execute(conn)?;
    }
    Ok(())
}

/// The invoices that a run was given.
pub fn invoices(conn: &mut AnyConnection, run: i64) -> Result<Vec<i64>, StoreError> {
    let given = run_invoices::table.filter(run_invoices::run_id.eq(run)).select(run_invoices::invoice_id);
    Ok(given.load(conn)?)
}

/// One run.
pub fn get(conn: &mut AnyConnection, id: i64) -> Result<Run, StoreError> {
    billing_runs::table.find(id).select(Row::as_select()).first::<Row>(conn)?.try_into()
}

/// The run of a scope key.
pub fn of_key(conn: &mut AnyConnection, scope_key: &str) -> Result<Run, StoreError> {
    let keyed = billing_runs::table.filter(billing_runs::scope_key.eq(scope_key));
    keyed.select(Row::as_select()).first::<Row>(conn)?.try_into()
}

/// The runs before a number, newest first.
pub fn page(conn: &mut AnyConnection, before: i64, limit: i64) -> Result<Vec<Run>, StoreError> {
    let earlier = billing_runs::table.filter(billing_runs::id.lt(before)).order(billing_runs::id.desc());
    let rows: Vec<Row> = earlier.limit(limit).select(Row::as_select()).load(conn)?;
    rows.into_iter().map(Run::try_from).collect()
}

/// Numbers of the runs that are to be worked on, oldest first.
pub fn running(conn: &mut AnyConnection) -> Result<Vec<i64>, StoreError> {
    let running = billing_runs::table.filter(billing_runs::state.eq("running")).order(billing_runs::id);
    Ok(running.select(billing_runs::id).load(conn)?)
}

/// Numbers and states of the runs that have not ended, paused ones too.
pub fn open(conn: &mut AnyConnection) -> Result<Vec<(i64, RunState)>, StoreError> {
    let open = billing_runs::table.filter(billing_runs::ended_at.is_null());
    let rows: Vec<(i64, String)> = open.select((billing_runs::id, billing_runs::state)).load(conn)?;
    let read = |(id, state): (i64, String)| {
        let bug = || StoreError::Bug(format!("billing run {id} has an unreadable state"));
        Ok((id, RunState::parse(&state).ok_or_else(bug)?))
    };
    rows.into_iter().map(read).collect()
}

/// The last scope key of the schedule; they sort by time.
pub fn last_scheduled(conn: &mut AnyConnection) -> Result<Option<String>, StoreError> {
    let scheduled = billing_runs::scope_key.ge("due/").and(billing_runs::scope_key.lt("due0"));
    let keys = billing_runs::table.filter(scheduled.and(billing_runs::started_by.eq("schedule")));
    Ok(keys.order(billing_runs::scope_key.desc()).select(billing_runs::scope_key).first(conn).optional()?)
}

/// Moves a run from one state to another; false when it is not there (any more).
pub fn change_state(
    conn: &mut AnyConnection,
    id: i64,
    (from, to): (RunState, RunState),
    now: Micros,
) -> Result<bool, StoreError> {
    let there =
        billing_runs::table.filter(billing_runs::id.eq(id).and(billing_runs::state.eq(from.as_str())));
    let ended_at = to.is_final().then_some(now);
    let change = (billing_runs::state.eq(to.as_str()), billing_runs::ended_at.eq(ended_at));
    Ok(diesel::update(there).set(change).execute(conn)? == 1)
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
