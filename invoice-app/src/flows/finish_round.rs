//! Ends a round of a run, and begins the next one or ends the run.

use db::{AnyConnection, Db, StoreError};
use service::clock::Micros;

use crate::domain::progress::{Line, Progress};
use crate::domain::run::{Next, Run, RunState, Scope};
use crate::store::scope::{self, Pending};
use crate::store::{runs, tallies};

/// How it stands with a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Round {
    /// Rows are still to be claimed, or asked about.
    Open,
    /// It ended, and came to so many verdicts.
    Ended(i64),
}

/// Whether anything of a round waits to be claimed.
pub async fn is_anything_left(db: &Db, run: Run) -> Result<bool, StoreError> {
    db.read(move |conn| pending(conn, &run)?.any(conn, run.cutoff_at)).await
}

/// Whether anything of a round can still be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Yes.
    Reachable,
    /// No: a round of older clients ends with what was reached.
    Away,
}

/// Ends the round when nothing of it is open any more.
pub async fn finish_round(db: &Db, run: Run, provider: Provider, now: Micros) -> Result<Round, StoreError> {
    db.write(move |conn| {
        let pending = pending(conn, &run)?;
        let given_up = provider == Provider::Away && run.is_of_rounds();
        // In this order: what is claimed meanwhile is pending here, or counted there.
        if is_worked_on(conn, &run)?
            || (!given_up && pending.any(conn, run.cutoff_at)?)
            || is_worked_on(conn, &run)?
        {
            return Ok(Round::Open);
        }
        let verdicts = tallies::progress(conn, run.id, Some(run.round))?.invoices(Line::verdicts);
        end(conn, &run, &pending, verdicts, now)?;
        Ok(Round::Ended(verdicts))
    })
    .await
}

fn pending(conn: &mut AnyConnection, run: &Run) -> Result<Pending, StoreError> {
    let ids = if run.scope == Scope::Ids { runs::invoices(conn, run.id)? } else { Vec::new() };
    Ok(Pending { scope: run.scope, max_id: run.max_invoice_id, ids })
}

/// A run waits for the verdict of whatever it claimed; rounds of older clients leave unknown outcomes to later ones.
fn is_worked_on(conn: &mut AnyConnection, run: &Run) -> Result<bool, StoreError> {
    let progress: Progress = tallies::progress(conn, run.id, None)?;
    Ok(if run.is_of_rounds() { progress.in_flight() > 0 } else { progress.invoices(Line::open) > 0 })
}

fn end(
    conn: &mut AnyConnection,
    run: &Run,
    pending: &Pending,
    verdicts: i64,
    now: Micros,
) -> Result<(), StoreError> {
    match run.next(verdicts, invoices_left(conn, run)?) {
        Next::Round(left) => {
            if runs::begin_round(conn, run, left, now)? {
                pending.pull_in(conn, run.policy.card_network, now)?;
                scope::ask_now(conn, run.max_invoice_id, now)?;
            }
        }
        Next::Finish => {
            runs::change_state(conn, run.id, (RunState::Running, RunState::Finished), now)?;
        }
    }
    Ok(())
}

fn invoices_left(conn: &mut AnyConnection, run: &Run) -> Result<bool, StoreError> {
    if !run.is_of_rounds() {
        return Ok(false);
    }
    crate::store::invoices::any_open(conn, run.max_invoice_id)
}
