//! Pauses, resumes or cancels a run. What is in flight is settled all the same.

use db::{Db, StoreError};
use service::clock::Micros;

use crate::domain::run::{Run, RunState};
use crate::store::runs;

/// The run as it stands now, or the state that does not allow it.
pub async fn change_run(
    db: &Db,
    id: i64,
    wanted: RunState,
    now: Micros,
) -> Result<Result<Run, RunState>, StoreError> {
    db.write(move |conn| {
        let run = runs::get(conn, id)?;
        if !run.state.may_become(wanted) {
            return Ok(Err(run.state));
        }
        if run.state != wanted && !runs::change_state(conn, id, (run.state, wanted), now)? {
            return Err(StoreError::Busy("somebody else changed the run".into()));
        }
        Ok(Ok(runs::get(conn, id)?))
    })
    .await
}
