//! A database with a past, and the product's own claim and settlement on what is due in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use contracts::charge::Verdict;
use db::{Db, PoolSettings};
use invoice_app::clients::provider::Provider;
use invoice_app::domain::run::{Run, Scope};
use invoice_app::domain::settle::{OpenCharge, Outcome};
use invoice_app::flows::charge_due::Charging;
use invoice_app::flows::counts::Counts;
use invoice_app::flows::settle_charges::settle_charges;
use invoice_app::flows::start_run::start_run;
use invoice_app::settings::Settings;
use invoice_app::store::hot::{self, Claim, Cursor, Queue};
use invoice_app::store::invoices::{self, Filter};
use invoice_app::store::runs::NewRun;
use service::metrics::Metrics;
use service::{Clock, Vars};
use testkit::stack::invoice_app_vars;
use testkit::{Database, Engine, Home};

use super::buffers::{self, Buffers};
use super::past;

/// Invoices per claim, as the product has it unless told otherwise.
pub const BATCH: u32 = 100;
/// Invoices on a page.
const PAGE: i64 = 50;
const LEASE: Duration = Duration::from_secs(30);

/// A database with so many paid invoices behind those that are due.
pub struct World {
    /// So many.
    pub paid: u32,
    charging: Charging,
    run: Run,
    /// Where the next claim begins.
    after: Cursor,
    // Dropped last: by then nobody is connected.
    database: Database,
}

impl World {
    /// Makes the rows, as many due ones as these batches need, and starts a run over them.
    pub async fn start(paid: u32, batches: usize) -> Self {
        let home = Home::new();
        let database = Database::fresh(&home, Engine::Postgres, "flat", invoice_app::store::MIGRATIONS);
        let due = BATCH * u32::try_from(batches).expect("a number");
        past::fill(&one_connection(&database), paid, due);
        let charging = charging(&home, &database);
        let new = NewRun {
            scope_key: "flat".to_owned(),
            scope: Scope::Due,
            rounds: None,
            started_by: "bench".to_owned(),
            policy: Arc::clone(&charging.policy),
            traceparent: None,
        };
        let now = charging.clock.now();
        let run = start_run(&charging.db, new, Vec::new(), now).await.expect("a run").run;
        Self { paid, charging, run, after: (0, 0), database }
    }

    /// Where the rows are.
    pub fn another_connection(&self) -> Db {
        one_connection(&self.database)
    }

    /// Claims a batch and settles it; gives how long each took.
    pub async fn batch(&mut self) -> (Duration, Duration) {
        let asked = Instant::now();
        let claimed = self.claim(self.after).await;
        let claim = asked.elapsed();
        self.remember(&claimed);
        let asked = Instant::now();
        self.settle(claimed).await;
        (claim, asked.elapsed())
    }

    /// Some batches, without a look at the time.
    pub async fn batches(&mut self, count: usize) {
        for _ in 0..count {
            self.batch().await;
        }
    }

    /// How long a claim takes that looks from the beginning of the queue on.
    pub async fn claim_from_the_beginning(&self) -> Duration {
        let asked = Instant::now();
        self.claim((0, 0)).await;
        asked.elapsed()
    }

    /// What claims touch, and settlements.
    pub async fn buffers(&mut self, batches: usize) -> [Buffers; 2] {
        let invoices = f64::from(BATCH) * f64::from(u32::try_from(batches).expect("a number"));
        let before = buffers::so_far(&self.charging.db);
        let mut claimed = Vec::new();
        for _ in 0..batches {
            let batch = self.claim(self.after).await;
            self.remember(&batch);
            claimed.push(batch);
        }
        let between = buffers::so_far(&self.charging.db);
        for batch in claimed {
            self.settle(batch).await;
        }
        let after = buffers::so_far(&self.charging.db);
        [between.since(before, invoices), after.since(between, invoices)]
    }

    /// How long the page after this number takes.
    pub async fn page(&self, after: i64) -> Duration {
        let page = move |conn: &mut db::AnyConnection| {
            let asked = Instant::now();
            let rows = invoices::page(conn, &Filter::default(), after, PAGE)?;
            assert_eq!(i64::try_from(rows.len()), Ok(PAGE));
            Ok(asked.elapsed())
        };
        self.charging.db.read(page).await.expect("a page")
    }

    async fn claim(&self, after: Cursor) -> Vec<OpenCharge> {
        let now = self.charging.clock.now();
        let lease_end = now + self.charging.lease_micros();
        let claim = Claim {
            queue: Queue::Run(Box::new(self.run.clone())),
            after,
            now,
            lease_end,
            limit: BATCH.into(),
        };
        let claimed = self.charging.db.write_statement(move |conn| hot::claim(conn, &claim)).await;
        let claimed = claimed.expect("a claim");
        assert_eq!(claimed.len(), BATCH as usize, "too few due invoices were made");
        claimed
    }

    fn remember(&mut self, claimed: &[OpenCharge]) {
        let last = claimed.last().expect("a batch");
        self.after = (last.before.due_at, last.invoice_id);
    }

    async fn settle(&self, claimed: Vec<OpenCharge>) {
        let now = self.charging.clock.now();
        let outcomes = vec![Outcome::Verdict(Verdict::Captured, Some(now)); claimed.len()];
        let settled = settle_charges(&self.charging, claimed, outcomes, now).await.expect("a settlement");
        assert_eq!(settled.len(), BATCH as usize);
    }
}

fn one_connection(database: &Database) -> Db {
    Db::new(&database.parsed(), PoolSettings { size: 1, wait: Duration::from_secs(60) })
}

/// As invoice-app sets itself up, with events; nobody is called.
fn charging(home: &Home, database: &Database) -> Charging {
    let mut vars = invoice_app_vars(home, &database.url, "https://localhost:1");
    vars.push(("EVENTS", "outbox".to_owned()));
    let engine = Settings::read(&Vars::fixed(vars)).expect("settings").engine;
    let metrics = Metrics::new().expect("metrics");
    let calls = metrics.calls("payment-provider").expect("calls");
    Charging {
        db: one_connection(database),
        provider: Arc::new(Provider::new(engine.provider.access, Clock::system(), calls)),
        clock: Clock::system(),
        policy: engine.billing.policy,
        policies: tokio::sync::Mutex::new(HashMap::new()),
        breaker: Mutex::default(),
        lease: LEASE,
        batch: BATCH.into(),
        told: Arc::new(tokio::sync::Notify::new()),
        ordered: Arc::new(tokio::sync::Notify::new()),
        tells: engine.billing.tells,
        counts: Counts::new(&metrics).expect("counters"),
        fail_point: engine.billing.fail_point,
    }
}
