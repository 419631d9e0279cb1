//! `bench billing`: how many invoices a billing run gets paid per second, from its start to its end.

mod rows;
mod site;

use std::time::Duration;

use testkit::{Database, Engine, Home};

use self::site::{Billed, Site};
use super::figure::Figure;
use super::{BillingOptions, postgres, sqlite};

/// Most resident memory of invoice-app during a run of whatever size, MiB.
const MOST_RSS: f64 = 64.0;
/// Approves everything, as in `bench charge`; and the product's own default.
const RATES: (&str, &str) = ("1", "0.5");

/// What runs are held against.
struct References {
    server: Option<(Database, postgres::Reference)>,
    raw: sqlite::Reference,
    _home: Home,
    seconds: u64,
}

impl References {
    fn prepare(seconds: u64) -> Self {
        let home = Home::new();
        let server = postgres::is_here().then(|| {
            let migrations = payment_provider::store::MIGRATIONS;
            let database = Database::fresh(&home, Engine::Postgres, "reference", migrations);
            let reference = postgres::Reference::prepare(&database.open(), &database.url);
            (database, reference)
        });
        let raw = sqlite::Reference::prepare(&home.path("reference.sqlite"));
        Self { server, raw, _home: home, seconds }
    }

    /// One-row updates per second by pgbench.
    fn updates(&self) -> Option<f64> {
        self.server.as_ref().map(|(_, reference)| reference.updates_per_second(self.seconds))
    }
}

/// A case with the figures that stand beside it.
struct Case {
    name: &'static str,
    rate: &'static str,
    engine: Engine,
    over_updates: Vec<(f64, f64)>,
    over_raw: Vec<(f64, f64)>,
    rss: Vec<(f64, f64)>,
    beside: String,
}

impl Case {
    fn new(name: &'static str, engine: Engine, rate: &'static str) -> Self {
        let (over_updates, over_raw, rss) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, rate, engine, over_updates, over_raw, rss, beside: String::new() }
    }

    /// One run in databases of its own, between two measurements of what it is held against.
    async fn round(&mut self, references: &mut References, invoices: u32) {
        let mut site = Site::start(self.engine, invoices, self.rate).await;
        let (before, seconds) = (references.updates(), Duration::from_secs(references.seconds));
        let raw = (self.engine == Engine::Sqlite).then(|| references.raw.per_second(seconds));
        let billed = site.bill().await;
        let after = references.updates();
        site.holds();
        if let Some((before, after)) = before.zip(after) {
            self.over_updates.push((billed.rate, f64::midpoint(before, after)));
        }
        self.over_raw.extend(raw.map(|raw| (billed.rate, raw)));
        self.keep(&billed);
    }

    fn keep(&mut self, billed: &Billed) {
        self.rss.push((billed.most_rss, MOST_RSS));
        self.beside = billed.to_string();
    }

    fn print(self, as_json: bool) {
        let figure = |case: &str, unit, rounds: Vec<(f64, f64)>, beside| {
            if !rounds.is_empty() {
                let case = format!("{}{case}", self.name);
                Figure { bench: "billing", case, unit, rounds, beside }.print(as_json);
            }
        };
        figure("", "invoices/s", self.over_updates, self.beside);
        figure("/over-raw-sqlite", "invoices/s", self.over_raw, String::new());
        figure("/most-rss", "MiB", self.rss, "; invoice-app during the run".to_owned());
    }
}

pub async fn run(options: BillingOptions) {
    let mut references = References::prepare(options.every.seconds);
    let mut cases = vec![Case::new("sqlite", Engine::Sqlite, RATES.0)];
    if let Some((database, _)) = &references.server {
        cases.insert(0, Case::new("postgres", Engine::Postgres, RATES.0));
        if !options.every.json {
            println!("postgres: {}", postgres::durability(&database.open()));
        }
    } else {
        println!("SKIPPED on PostgreSQL: set TEST_DATABASE_URL");
    }
    if !options.every.json {
        println!("sqlite: journal_mode=wal synchronous=full, ours and the raw reference");
        println!("{} invoices per run, in new databases; every charge is approved", options.invoices);
    }
    for _ in 0..options.every.rounds.unwrap_or(5) {
        for case in &mut cases {
            case.round(&mut references, options.invoices).await;
        }
    }
    if references.server.is_some() {
        let mut declined = Case::new("postgres/half-declined", Engine::Postgres, RATES.1);
        declined.round(&mut references, options.invoices).await;
        cases.push(declined);
    }
    cases.into_iter().for_each(|case| case.print(options.every.json));
}
