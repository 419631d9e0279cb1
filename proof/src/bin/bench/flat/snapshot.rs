//! Claims beside a snapshot that somebody holds open: nothing that is dead to others can be tidied up meanwhile.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use db::{AnyConnection, Db, StoreError};
use diesel::connection::SimpleConnection;

use super::world::World;
use super::{FEW, per_invoice};
use crate::figure::{Figure, median};

/// Claims are looked at for so long before the snapshot, and at its end.
const LOOK: Duration = Duration::from_secs(10);
/// Batches that are due for each second: more than can be settled by one.
const BATCHES_PER_SECOND: u64 = 200;

/// Claims at the end of a snapshot of this age over claims without one.
pub async fn measure(held: Duration) -> Figure {
    let seconds = (held + LOOK * 2).as_secs();
    let mut world = World::start(FEW, usize::try_from(seconds * BATCHES_PER_SECOND).expect("a number")).await;
    let without = claims(&mut world, LOOK).await;
    let snapshot = Snapshot::take(world.another_connection());
    claims(&mut world, held.saturating_sub(LOOK)).await;
    let with = claims(&mut world, LOOK).await;
    let rescan = world.claim_from_the_beginning().await;
    snapshot.release();
    let beside = format!(
        "; held for {} s; bar 2; a claim from the queue's beginning on, at the end of it: {:.1} ms",
        held.as_secs(),
        rescan.as_secs_f64() * 1e3
    );
    let case = "snapshot/claim/time".to_owned();
    Figure { bench: "flat", case, unit: "us per invoice", rounds: vec![(with, without)], beside }
}

/// Median of the claims for so long, us per invoice.
async fn claims(world: &mut World, time: Duration) -> f64 {
    let (began, mut took) = (Instant::now(), Vec::new());
    while began.elapsed() < time {
        took.push(per_invoice(world.batch().await.0));
    }
    median(took.into_iter())
}

/// A transaction that has looked once and does nothing more.
struct Snapshot {
    release: Sender<()>,
    held: JoinHandle<Result<(), StoreError>>,
}

impl Snapshot {
    fn take(db: Db) -> Self {
        let ((release, released), (taken, is_taken)) = (channel(), channel());
        let hold = move |conn: &mut AnyConnection| {
            let AnyConnection::Postgres(conn) = conn else { return Ok(()) };
            conn.batch_execute("SET idle_in_transaction_session_timeout = 0")?;
            conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM billing_runs")?;
            taken.send(()).expect("somebody who waits");
            // Whether it is told or nobody is left to tell: it is over.
            let _ = released.recv();
            Ok(conn.batch_execute("ROLLBACK")?)
        };
        let held = std::thread::spawn(move || db.read_blocking(hold));
        is_taken.recv().expect("a snapshot");
        Self { release, held }
    }

    /// It was held until now, or this fails.
    fn release(self) {
        self.release.send(()).expect("a snapshot that is still held");
        self.held.join().expect("a thread").expect("a snapshot that was held");
    }
}
