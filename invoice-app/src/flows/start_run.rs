//! Starts a run over a scope of invoices.

use db::idempotency::{Keyed, Outcome, once};
use db::{AnyConnection, Db, StoreError};
use service::clock::Micros;

use crate::domain::progress::Progress;
use crate::domain::run::{Run, Scope};
use crate::store::invoices;
use crate::store::runs::{self, NewRun};
use crate::store::scope::{self, Pending};
use crate::store::tallies::{self, Change};

/// The run of a scope key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The run.
    pub run: Run,
    /// It was started now, and not before by another trigger of its key.
    pub is_new: bool,
}

/// Starts a run over what waits to be charged now, `ids` for a scope of given invoices. The scope key is UNIQUE: two
/// triggers of one key are one run.
pub async fn start_run(db: &Db, new: NewRun, ids: Vec<i64>, now: Micros) -> Result<Started, StoreError> {
    db.write(move |conn| start(conn, &new, &ids, now)).await
}

/// Why no run was started for a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// This one has its scope key.
    Exists(Box<(Run, Progress)>),
    /// There are no such invoices.
    Unknown(Vec<i64>),
}

/// [`start_run`] for a caller, who is told `show`, now and whenever the same key comes again.
pub async fn start_run_once(
    db: &Db,
    new: NewRun,
    ids: Vec<i64>,
    keyed: Option<Keyed>,
    now: Micros,
    show: fn(&Run, &Progress) -> String,
) -> Result<Outcome<Refusal>, StoreError> {
    db.write(move |conn| {
        once(conn, keyed.as_ref(), now, |conn| {
            let unknown = invoices::missing(conn, &ids)?;
            if !unknown.is_empty() {
                return Ok(Err(Refusal::Unknown(unknown)));
            }
            let Started { run, is_new } = start(conn, &new, &ids, now)?;
            let progress = tallies::progress(conn, run.id, None)?;
            Ok(if is_new {
                Ok(show(&run, &progress))
            } else {
                Err(Refusal::Exists(Box::new((run, progress))))
            })
        })
    })
    .await
}

fn start(conn: &mut AnyConnection, new: &NewRun, ids: &[i64], now: Micros) -> Result<Started, StoreError> {
    let max_id = invoices::max_id(conn)?;
    let Some(id) = runs::insert(conn, new, max_id, now)? else {
        return Ok(Started { run: runs::of_key(conn, &new.scope_key)?, is_new: false });
    };
    runs::insert_invoices(conn, id, ids)?;
    let pending = Pending { scope: new.scope, max_id, ids: ids.to_vec() };
    expect(conn, id, &pending, new, now)?;
    pull_in(conn, &pending, new, now)?;
    Ok(Started { run: runs::get(conn, id)?, is_new: true })
}

/// Notes how many invoices and how much money the run is about.
fn expect(
    conn: &mut AnyConnection,
    run: i64,
    pending: &Pending,
    new: &NewRun,
    now: Micros,
) -> Result<(), StoreError> {
    let sums = pending.count(conn, new.policy.card_network, now)?;
    let change = |(currency, count)| Change {
        invoice: 0,
        run: Some(run),
        outcome: "expected",
        reason: "",
        currency,
        count,
        at: None,
    };
    tallies::insert(conn, &sums.into_iter().map(change).collect::<Vec<_>>(), now)
}

fn pull_in(conn: &mut AnyConnection, pending: &Pending, new: &NewRun, now: Micros) -> Result<(), StoreError> {
    if new.scope == Scope::Due {
        return Ok(());
    }
    pending.pull_in(conn, new.policy.card_network, now)?;
    // Older clients' rounds, and whoever wants to retry, want to know now.
    if matches!(new.scope, Scope::Unpaid | Scope::Unknown | Scope::Retryable) {
        scope::ask_now(conn, pending.max_id, now)?;
    }
    Ok(())
}
