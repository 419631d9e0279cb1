//! Events that come again: whatever a service wrote down to be told, sent once more under its own name and with its own
//! key, some before the service itself tells them, some long after, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts::event::{Envelope, Outcome, Receipt};
use db::Db;
use proof::invariants::number;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use testkit::events::Teller;
use tokio::task::JoinHandle;

use super::market::{Market, SENDERS, edges};
use super::rows::{Told, told};

const PACE: Duration = Duration::from_millis(100);
/// Events per sender and turn.
const PICKS: usize = 25;
/// How far back most of them lie.
const RECENT: i64 = 60;
/// Events per request when everything comes again.
const BATCH: usize = 200;

type Tellers = BTreeMap<(&'static str, &'static str), Teller>;

/// What came again while everything was broken.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Deliveries of events.
    pub(super) again: usize,
    /// Those that came after a newer one of their subject.
    pub(super) before: usize,
}

pub(super) struct Gossip {
    stop: Arc<AtomicBool>,
    telling: JoinHandle<Heard>,
}

struct Telling {
    tellers: Tellers,
    databases: Vec<(&'static str, Db)>,
    random: StdRng,
    newest: BTreeMap<(&'static str, String), i64>,
    heard: Heard,
}

fn tellers(market: &Market<'_>) -> Tellers {
    let teller = |(from, to)| ((from, to), Teller::new(&market.home, from, to, &market.ear(to)));
    edges().into_iter().map(teller).collect()
}

impl Gossip {
    pub(super) fn start(market: &Market<'_>, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut telling = Telling {
            tellers: tellers(market),
            databases: SENDERS.map(|name| (name, market.databases[name].open())).into(),
            random: StdRng::seed_from_u64(seed),
            newest: BTreeMap::new(),
            heard: Heard::default(),
        };
        let stopped = Arc::clone(&stop);
        let telling = tokio::spawn(async move {
            while !stopped.load(Ordering::SeqCst) {
                telling.turn().await;
                tokio::time::sleep(PACE).await;
            }
            telling.heard
        });
        Self { stop, telling }
    }

    pub(super) async fn stop(self) -> Heard {
        self.stop.store(true, Ordering::SeqCst);
        self.telling.await.expect("a teller")
    }
}

impl Telling {
    async fn turn(&mut self) {
        for (sender, db) in self.databases.clone() {
            let last = number(&db, "SELECT COALESCE(MAX(n), 0) AS n FROM told").unwrap_or(0);
            if last == 0 {
                continue;
            }
            let picks: BTreeSet<i64> = (0..PICKS).map(|_| self.pick(last)).collect();
            let mut events = told(&db, Some(&Vec::from_iter(picks)));
            events.shuffle(&mut self.random);
            for (of, to) in edges().into_iter().filter(|(from, _)| *from == sender) {
                self.tell((of, to), &events).await;
            }
        }
    }

    /// One of the newest in two of three cases, otherwise any.
    fn pick(&mut self, last: i64) -> i64 {
        let first = if self.random.random_range(0..3) < 2 { (last - RECENT).max(1) } else { 1 };
        self.random.random_range(first..=last)
    }

    async fn tell(&mut self, (from, to): (&'static str, &'static str), events: &[Told]) {
        let wanted: Vec<&Told> = events.iter().filter(|told| told.kind().receivers().contains(&to)).collect();
        // One by one, so that an older one comes after a newer one was taken.
        for told in wanted {
            // Nobody is there now and then: that is what this is about.
            let Some(receipt) = deliver(&self.tellers[&(from, to)], &[told.envelope()]).await else {
                continue;
            };
            let newest = self.newest.entry((to, told.subject.clone())).or_default();
            self.heard.again += 1;
            self.heard.before += usize::from(told.version < *newest);
            if receipt.results[0].outcome == Outcome::Done {
                *newest = told.version.max(*newest);
            }
            assert_ne!(receipt.results[0].outcome, Outcome::Refused, "{receipt:?}");
        }
    }
}

async fn deliver(teller: &Teller, events: &[Envelope]) -> Option<Receipt> {
    let body = serde_json::to_string(events).expect("JSON");
    let (status, answer) = teller.try_send(body).await.ok()?;
    // A service that is about to answer again.
    if status == 503 {
        return None;
    }
    assert_eq!(status, 200, "{answer}");
    Some(serde_json::from_str(&answer).expect("a receipt"))
}

/// Tells every event once more to everybody, long after, in an order of chance. Gives how many deliveries that were.
pub(super) async fn everything_again(market: &Market<'_>, random: &mut StdRng) -> usize {
    let mut deliveries = 0;
    for ((from, to), teller) in tellers(market) {
        let mut events = told(&market.databases[from].open(), None);
        events.retain(|told| told.kind().receivers().contains(&to));
        events.shuffle(random);
        for batch in events.chunks(BATCH) {
            let batch: Vec<Envelope> = batch.iter().map(Told::envelope).collect();
            let receipt = deliver(&teller, &batch).await.expect("an answer");
            let wrong = receipt.results.iter().find(|result| result.outcome != Outcome::Done);
            assert!(wrong.is_none(), "{from} to {to}: {wrong:?}");
            deliveries += batch.len();
        }
    }
    deliveries
}
