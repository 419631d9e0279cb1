//! Both services and workers as processes on databases of their own, and one run over all invoices.

use std::time::{Duration, Instant};

use invoice_app::domain::data_set::DataSet;
use proof::invariants::{astray, broken, number, standings, unbalanced};
use proof::processes::{Service, free_port, impatient};
use serde_json::{Value, json};
use service::Clock;
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, client};

use crate::journal::Journal;

pub(crate) type Vars = Vec<(&'static str, String)>;

/// Longest wait for anything that must happen once faults have stopped,
const PATIENCE: Duration = Duration::from_secs(180);
/// and longer for each invoice of a run: a slow acquirer's slots take that long.
const PER_INVOICE: Duration = Duration::from_millis(10);
const LOOK: Duration = Duration::from_millis(20);
/// `PROVIDER_TIMEOUT_MS`, of which a lease is three.
const TIMEOUT_MS: u64 = 300;
/// How long a claim holds.
pub(crate) const LEASE: Duration = Duration::from_millis(3 * TIMEOUT_MS);
/// Places in `services`; workers follow.
pub(crate) const PROVIDER: usize = 0;
pub(crate) const APP: usize = 1;

/// What to set up.
pub(crate) struct Plan {
    pub(crate) engine: Engine,
    /// A PostgreSQL server of the test's own, instead of that of the engine.
    pub(crate) server: Option<String>,
    pub(crate) invoices: i64,
    pub(crate) workers: usize,
    /// Further variables of `serve` and of the workers.
    pub(crate) app: Vars,
    /// Further variables of the payment provider.
    pub(crate) provider: Vars,
}

pub(crate) struct World<'a> {
    pub(crate) journal: &'a Journal,
    pub(crate) services: Vec<Service>,
    pub(crate) url: String,
    pub(crate) http: reqwest::Client,
    pub(crate) planned: i64,
    pub(crate) invoices: Database,
    pub(crate) provider: Database,
    // Removed last: there are the databases and the logs.
    _home: Home,
}

impl<'a> World<'a> {
    /// Sets everything up; nothing is started yet.
    pub(crate) fn new(plan: &Plan, journal: &'a Journal) -> Self {
        let home = Home::new();
        let database = |name, migrations| match &plan.server {
            Some(server) => Database::on(server, migrations),
            None => Database::fresh(&home, plan.engine, name, migrations),
        };
        let invoices = database("invoice-app", invoice_app::store::MIGRATIONS);
        let provider = database("payment-provider", payment_provider::store::MIGRATIONS);
        let set = DataSet::Large(plan.invoices);
        invoice_app::flows::seed::seed(&invoices.open(), set, Clock::system().now()).expect("rows");
        let (port, provider_port) = (free_port(), free_port());
        let mut own = invoice_app_vars(&home, &invoices.url, &format!("https://localhost:{provider_port}"));
        // Small batches, so that there is always something to interrupt.
        own.extend([("PROVIDER_TIMEOUT_MS", TIMEOUT_MS.to_string()), ("CHARGE_BATCH_SIZE", "5".to_owned())]);
        own.extend([("RETRY_POLICY_FILE", impatient(&home)), ("DATABASE_POOL_SIZE", "4".to_owned())]);
        own.extend(plan.app.clone());
        let mut theirs = provider_vars(&home, &provider.url);
        theirs.extend(plan.provider.clone());
        let mut services = vec![
            Service::new(&home, "payment-provider", provider_port, theirs),
            Service::new(&home, "invoice-app", port, own.clone()),
        ];
        services.extend((1..=plan.workers).map(|n| Service::worker(&home, n, own.clone())));
        let (url, http) = (format!("http://localhost:{port}"), client::plain());
        journal.note(format!("{:?}, {} invoices, {} workers", plan.engine, plan.invoices, plan.workers));
        Self { journal, services, url, http, planned: plan.invoices, invoices, provider, _home: home }
    }

    /// Starts everything.
    pub(crate) async fn start(&mut self) {
        for service in &mut self.services {
            service.start(&self.http).await;
        }
    }

    /// SIGKILL, and a new start at once.
    pub(crate) async fn kill(&mut self, place: usize) {
        self.journal.note(format!("kill {}", self.services[place].name()));
        self.services[place].kill();
        self.services[place].start(&self.http).await;
    }

    /// Starts the one run over everything, or finds it; nothing while nobody answers.
    pub(crate) async fn try_run(&self) -> Option<i64> {
        let body = json!({"scope": "unpaid", "scope_key": "chaos"});
        let answer = self.http.post(format!("{}/v1/billing-runs", self.url)).json(&body).send().await.ok()?;
        let run: Value = answer.error_for_status().ok()?.json().await.ok()?;
        self.journal.note(format!("run {} is acknowledged", run["id"]));
        run["id"].as_i64()
    }

    /// The run, as soon as somebody answers.
    pub(crate) async fn run(&self) -> i64 {
        let begun = Instant::now();
        loop {
            if let Some(run) = self.try_run().await {
                return run;
            }
            assert!(begun.elapsed() < PATIENCE, "no run could be started");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// A number that our rows tell, as soon as the database answers.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let (db, begun) = (self.invoices.open(), Instant::now());
        loop {
            match number(&db, sql) {
                Ok(number) => return number,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the rows tell something; what is not so for long is stuck.
    pub(crate) async fn until(&self, what: &str, sql: &str, so: impl Fn(i64) -> bool) {
        let (begun, planned) = (Instant::now(), u32::try_from(self.planned).unwrap_or(u32::MAX));
        let patience = PATIENCE + PER_INVOICE * planned;
        while !so(self.number(sql).await) {
            assert!(begun.elapsed() < patience, "not within {patience:?}: {what}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether a run goes on.
    pub(crate) async fn goes_on(&self) -> bool {
        self.number("SELECT COUNT(*) AS n FROM billing_runs WHERE state = 'running'").await > 0
    }

    /// How many attempts are over.
    pub(crate) async fn verdicts(&self) -> i64 {
        self.number("SELECT COUNT(*) AS n FROM attempts").await
    }

    /// Waits for the end of a run, and holds everything against everything.
    pub(crate) async fn ends_well(&self, run: i64) {
        let running =
            format!("SELECT COUNT(*) AS n FROM billing_runs WHERE id = {run} AND state = 'running'");
        self.until("the run ends", &running, |running| running == 0).await;
        let (invoices, provider) = (self.invoices.open(), self.provider.open());
        let broken = broken(&invoices, &provider);
        assert!(broken.is_empty(), "{broken:#?}");
        let unbalanced = unbalanced(&invoices, run);
        assert!(unbalanced.is_empty(), "{unbalanced:#?}");
        let astray = astray(&invoices, run);
        assert!(astray.is_empty(), "{astray:#?}");
        let certificate = self.certificate(run).await;
        assert_eq!(certificate["reconciled"], true, "{certificate:#}");
        assert_eq!(certificate["run"]["invoices"]["expected"], self.planned, "{certificate:#}");
        self.journal.note(format!("run {run} ended well"));
    }

    async fn certificate(&self, run: i64) -> Value {
        let (url, begun) = (format!("{}/v1/billing-runs/{run}/certificate", self.url), Instant::now());
        loop {
            let answer = self.http.get(&url).send().await.and_then(reqwest::Response::error_for_status);
            match answer {
                Ok(answer) => return answer.json().await.expect("JSON"),
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Prints the ends of all logs.
pub(crate) fn last_words(services: &[Service]) {
    for service in services {
        let log = service.log();
        // Not each request, and not what the server says when it starts.
        let told = log.lines().filter(|line| !line.contains("answered") && !line.contains("actix"));
        let tail: Vec<&str> = told.collect::<Vec<_>>().into_iter().rev().take(10).collect();
        println!("{}, the last lines first: {tail:#?}", service.name());
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            last_words(&self.services);
            println!("{:#?}", standings(&self.invoices.open()));
        }
    }
}
