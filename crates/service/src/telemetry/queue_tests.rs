use std::sync::Mutex;

use opentelemetry_sdk::error::OTelSdkError;
use prometheus::Opts;
use tokio::sync::Semaphore;

use super::*;

const QUICK: Pace = Pace { gather: Duration::from_millis(20), rest: Duration::from_secs(600) };

/// A collector that takes a batch per permit, or refuses.
struct Collector {
    permits: Arc<Semaphore>,
    refuses: bool,
    taken: Arc<Mutex<Vec<u32>>>,
}

impl Export for Collector {
    type Item = u32;
    const SIGNAL: &'static str = "traces";

    async fn send(&self, batch: Vec<u32>) -> OTelSdkResult {
        self.permits.acquire().await.unwrap().forget();
        if self.refuses {
            return Err(OTelSdkError::InternalFailure("no".into()));
        }
        self.taken.lock().unwrap().extend(batch);
        Ok(())
    }
}

struct Counted(IntCounterVec);

impl Counted {
    fn counts(&self) -> Counts {
        let counts = Counts::default();
        counts.count_with(self.0.clone());
        counts
    }

    fn count(&self, result: &str) -> u64 {
        self.0.with_label_values(&["traces", result]).get()
    }
}

fn lab(permits: usize, refuses: bool) -> (Collector, Counted) {
    let counter = IntCounterVec::new(Opts::new("exported", "-"), &["signal", "result"]).unwrap();
    let permits = Arc::new(Semaphore::new(permits));
    (Collector { permits, refuses, taken: Arc::default() }, Counted(counter))
}

#[tokio::test]
async fn a_collector_that_hangs_holds_nobody_up_and_what_has_no_room_is_counted() {
    let (collector, counted) = lab(0, false);
    let (permits, taken) = (Arc::clone(&collector.permits), Arc::clone(&collector.taken));
    let (stop, stopping) = Shutdown::manual();
    let (queue, emptying) = queue(collector, counted.counts(), QUICK, stopping);
    let emptying = tokio::spawn(emptying);
    (0..BATCH as u32).for_each(|item| queue.put(item));
    tokio::time::sleep(10 * QUICK.gather).await;
    // The first batch is on its way for good; behind it there is so much room and no more.
    (0..ROOM as u32 + 7).for_each(|item| queue.put(item));
    assert_eq!((counted.count("dropped"), counted.count("sent")), (7, 0));
    permits.add_permits(ROOM);
    stop.pull();
    emptying.await.unwrap();
    assert_eq!(counted.count("sent"), (BATCH + ROOM) as u64);
    assert_eq!(taken.lock().unwrap().len(), BATCH + ROOM);
}

#[tokio::test]
async fn a_collector_that_refuses_is_left_alone_for_a_while_and_the_end_does_not_wait_for_it() {
    let (collector, counted) = lab(ROOM, true);
    let (stop, stopping) = Shutdown::manual();
    let (queue, emptying) = queue(collector, counted.counts(), QUICK, stopping);
    let emptying = tokio::spawn(emptying);
    queue.put(1);
    tokio::time::sleep(10 * QUICK.gather).await;
    assert_eq!(counted.count("failed"), 1);
    queue.put(2);
    stop.pull();
    tokio::time::timeout(QUICK.rest / 10, emptying).await.unwrap().unwrap();
    assert_eq!(counted.count("failed"), 2);
}
