//! `bench events`: whether telling keeps up with charging, and how long after a verdict its event arrives.

mod lags;
mod site;

use testkit::Engine;

use self::lags::Lags;
use self::site::Site;
use super::figure::Figure;
use super::{BillingOptions, postgres};

/// Longest lag at half load, ms: 99 of 100 events arrive sooner.
const LONGEST_LAG: f64 = 500.0;
/// What half of the load may be, as a share of the whole: the figure is about no other.
const HALF: std::ops::RangeInclusive<f64> = 0.4..=0.75;

struct Case {
    name: &'static str,
    engine: Engine,
    published: Vec<(f64, f64)>,
    lag: Vec<(f64, f64)>,
    beside: String,
}

impl Case {
    fn new(name: &'static str, engine: Engine) -> Self {
        Self { name, engine, published: Vec::new(), lag: Vec::new(), beside: String::new() }
    }

    /// A run that keeps its events, and then their telling; then a run at half that rate, told as it goes.
    async fn round(&mut self, invoices: u32) {
        let mut site = Site::start(self.engine, invoices, "0").await;
        let charged = site.bill(None).await;
        self.published.push((site.tell().await, charged));
        drop(site);
        // Eight batches of a hundred are on their way, each for as long as the acquirer takes and a while in the services:
        // at the full rate that while is the whole of it, here about half.
        let pause = std::time::Duration::from_secs_f64(1_200.0 / charged);
        let mut site = Site::start(self.engine, invoices, &pause.as_millis().to_string()).await;
        let lags = Lags::default();
        let rate = site.bill(Some(&lags)).await;
        let load = rate / charged;
        assert!(
            HALF.contains(&load),
            "{}: {rate:.0} of {charged:.0} invoices/s is not half of it",
            self.name
        );
        let (middle, late, last) = (lags.percentile(50), lags.percentile(99), lags.percentile(100));
        self.lag.push((late, LONGEST_LAG));
        self.beside = format!("; {load:.2} of the load, median {middle:.1} ms, longest {last:.1} ms");
    }

    fn print(self, as_json: bool) {
        let Self { name, published, lag, beside, .. } = self;
        let told = Figure {
            bench: "events",
            case: format!("{name}/published"),
            unit: "events/s",
            rounds: published,
            beside: "; the reference is invoices charged per second".to_owned(),
        };
        told.print(as_json);
        let case = format!("{name}/lag-p99");
        Figure { bench: "events", case, unit: "ms", rounds: lag, beside }.print(as_json);
    }
}

pub async fn run(options: BillingOptions) {
    let mut cases = vec![Case::new("sqlite", Engine::Sqlite)];
    if postgres::is_here() {
        cases.insert(0, Case::new("postgres", Engine::Postgres));
    } else {
        println!("SKIPPED on PostgreSQL: set TEST_DATABASE_URL");
    }
    if !options.every.json {
        println!("{} invoices per run; each event goes to orders and to notifications", options.invoices);
    }
    for _ in 0..options.every.rounds.unwrap_or(5) {
        for case in &mut cases {
            case.round(options.invoices).await;
        }
    }
    cases.into_iter().for_each(|case| case.print(options.every.json));
}
