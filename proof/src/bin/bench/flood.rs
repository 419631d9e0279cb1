//! `bench flood`: what good charges notice of a flood of bad tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use contracts::charge::CHARGES_PATH;
use reqwest::header::AUTHORIZATION;
use testkit::Engine;

use super::Options;
use super::figure::Figure;
use super::load::Target;

/// Bad tokens per second, from so many callers: each has the right certificate and a token that was tampered with.
const RATE: u64 = 10_000;
const CALLERS: u32 = 8;
/// One good charge follows the other after this pause: traffic, not load.
const PAUSE: Duration = Duration::from_millis(5);

pub async fn run(options: Options) {
    let target = Arc::new(Target::start(Engine::Sqlite).await);
    let time = Duration::from_secs(options.seconds);
    let (mut rounds, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds.unwrap_or(5) {
        let calm = p99(&target, time).await;
        let flood = Flood::start(&target);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let before = flood.refused();
        let flooded = p99(&target, time).await;
        let seconds = u32::try_from(time.as_secs()).expect("seconds");
        sent.push(u32::try_from(flood.refused() - before).expect("a count") / seconds);
        flood.stop().await;
        rounds.push((flooded, calm));
    }
    sent.sort_unstable();
    let beside = format!("; {} bad tokens/s refused", sent[sent.len() / 2]);
    let case = "sqlite/p99-of-good".to_owned();
    Figure { bench: "flood", case, unit: "ms", rounds, beside }.print(options.json);
}

/// The 99th percentile of good charges, one at a time, ms.
async fn p99(target: &Target, time: Duration) -> f64 {
    let started = Instant::now();
    let mut took = Vec::new();
    while started.elapsed() < time {
        let asked = Instant::now();
        target.charge_one().await;
        took.push(asked.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(PAUSE).await;
    }
    took.sort_by(f64::total_cmp);
    took[took.len() * 99 / 100]
}

struct Flood {
    stop: Arc<AtomicBool>,
    refused: Arc<AtomicU64>,
    callers: Vec<tokio::task::JoinHandle<()>>,
}

impl Flood {
    fn start(target: &Arc<Target>) -> Self {
        let (stop, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let callers = (0..CALLERS)
            .map(|_| tokio::spawn(flood(Arc::clone(target), Arc::clone(&stop), Arc::clone(&refused))))
            .collect();
        Self { stop, refused, callers }
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.expect("a caller");
        }
    }
}

async fn flood(target: Arc<Target>, stop: Arc<AtomicBool>, refused: Arc<AtomicU64>) {
    let (http, token) = (target.stranger(), target.tampered_token());
    let mut pace =
        tokio::time::interval(Duration::from_secs(1) / (u32::try_from(RATE).expect("a rate") / CALLERS));
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let request = http.get(format!("{}{CHARGES_PATH}", target.url)).header(AUTHORIZATION, &token);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 401);
        refused.fetch_add(1, Ordering::Relaxed);
    }
}
