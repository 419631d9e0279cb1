//! Ends a round of a run, and begins the next one or ends the run.

use db::{Db, StoreError};
use service::clock::Micros;

use crate::domain::run::{Next, Run, Tally};
use crate::store::runs;

/// How it stands with a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// Rows are still to be claimed or being worked on.
    Open,
    /// It ended, and came to this.
    Ended(Tally),
}

/// Ends the round when nothing of it is open any more.
pub async fn finish_round(db: &Db, run: Run, now: Micros) -> Result<Round, StoreError> {
    db.write(move |conn| {
        if runs::round_is_open(conn, &run)? {
            return Ok(Round::Open);
        }
        let tally = runs::tally(conn, run.id, run.round)?;
        match run.next(&tally, runs::unpaid_left(conn, &run)?) {
            Next::Round(left) => {
                if runs::begin_round(conn, &run, left, now)? {
                    runs::pull_in(conn, run.scope, run.max_invoice_id, now)?;
                }
            }
            Next::Finish => {
                runs::finish(conn, &run, now)?;
            }
        }
        Ok(Round::Ended(tally))
    })
    .await
}
