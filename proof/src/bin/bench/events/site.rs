//! invoice-app, the provider, orders and notifications as processes of their own, with invoices that are all due.

use std::time::{Duration, Instant};

use invoice_app::domain::data_set::DataSet;
use invoice_app::domain::run::RunState;
use invoice_app::store::runs;
use proof::invariants::{broken, number};
use proof::processes::{Service, free_port};
use serde_json::Value;
use service::Clock;
use testkit::events::Listener;
use testkit::stack::{event_vars, invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, Team, client};

use super::lags::Lags;

/// Longest wait for the end of a run, or of telling it.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK: Duration = Duration::from_millis(5);
const WAITING: &str = "SELECT COUNT(*) AS n FROM (SELECT id FROM outbox LIMIT 1) AS waiting";
const HELD: &str = "SELECT COUNT(*) AS n FROM held_events";

/// Who is told.
const SUBSCRIBERS: [Team; 2] = [Team::Orders, Team::Notifications];

pub struct Site {
    http: reqwest::Client,
    url: String,
    invoice_app: Service,
    provider: Service,
    /// With the ports on which they receive events.
    subscribers: Vec<(Team, u16, Service)>,
    invoices: u32,
    own: Database,
    charges: Database,
    _others: Vec<Database>,
    // Removed last: there are the databases and the logs.
    home: Home,
}

impl Site {
    /// Seeds, and starts everything but invoice-app; the acquirer approves everything, after so many milliseconds.
    pub async fn start(engine: Engine, invoices: u32, latency_ms: &str) -> Self {
        let (home, http) = (Home::new(), client::plain());
        let own = Database::fresh(&home, engine, "invoice-app", invoice_app::store::MIGRATIONS);
        let charges = Database::fresh(&home, engine, "payment-provider", payment_provider::store::MIGRATIONS);
        let set = DataSet::Large(invoices.into());
        invoice_app::flows::seed::seed(&own.open(), set, Clock::system().now()).expect("invoices");
        let (port, provider_port) = (free_port(), free_port());
        let mut vars = provider_vars(&home, &charges.url);
        vars.push(("ACQUIRER_SUCCESS_RATE", "1".to_owned()));
        vars.push(("ACQUIRER_LATENCY_MS", latency_ms.to_owned()));
        let mut provider = Service::new(&home, "payment-provider", provider_port, vars);
        provider.start(&http).await;
        let (mut subscribers, mut others) = (Vec::new(), Vec::new());
        for team in SUBSCRIBERS {
            let database = Database::fresh(&home, engine, team.name(), team.migrations());
            let (mut vars, port) = (team.vars(&home, &database.url), free_port());
            vars.extend(event_vars(&home, team.name()));
            vars.push(("EVENTS_LISTEN", format!("127.0.0.1:{port}")));
            let mut service = Service::new(&home, team.name(), free_port(), vars);
            service.start(&http).await;
            subscribers.push((team, port, service));
            others.push(database);
        }
        let mut vars = invoice_app_vars(&home, &own.url, &format!("https://localhost:{provider_port}"));
        vars.push(("EVENTS", "outbox".to_owned()));
        vars.push(("EVENT_KEY_FILE", home.text("keys/event/invoice-app/private.pem")));
        let invoice_app = Service::new(&home, "invoice-app", port, vars);
        let url = format!("http://localhost:{port}/v1/billing-runs");
        Self { http, url, invoice_app, provider, subscribers, invoices, own, charges, _others: others, home }
    }

    /// Gets everything paid by one run: invoices per second. Somebody in the place of notifications hears of it, or
    /// nobody does and the events stay where they are.
    pub async fn bill(&mut self, lags: Option<&Lags>) -> f64 {
        let ear = lags.map(|lags| {
            Listener::start_with(&self.home, Team::Notifications.name(), "127.0.0.1:0", lags.clone())
        });
        let to = ear.as_ref().map(|ear| self.subscribers(Some(ear.url()))).unwrap_or_default();
        self.open(&to).await;
        let request = self.http.post(&self.url).header("content-type", "application/json");
        let answer = request.body(r#"{"scope":"due"}"#).send().await.expect("an answer");
        let run: Value = answer.json().await.expect("JSON");
        let id = run["id"].as_i64().expect("a number");
        let took = self.took(id).await;
        assert_eq!(broken(&self.own.open(), &self.charges.open()), vec![]);
        if let (Some(ear), Some(lags)) = (ear, lags) {
            self.all_told().await;
            ear.stop().await;
            let came = lags.len();
            assert!(u32::try_from(came).is_ok_and(|came| came >= self.invoices), "{came} came");
        }
        f64::from(self.invoices) / took.as_secs_f64()
    }

    /// Tells what a run has left in the outbox, to the real subscribers: events per second, from the start of
    /// invoice-app until each of them has all.
    pub async fn tell(&mut self) -> f64 {
        let begun = Instant::now();
        self.open(&self.subscribers(None)).await;
        self.all_told().await;
        let took = begun.elapsed();
        let taken = "events_consumed_total{kind=\"invoice.paid.v1\",outcome=\"done\"}";
        for (team, _, service) in &self.subscribers {
            let taken = service.metric(&self.http, taken).await;
            assert!(taken >= self.invoices.into(), "{} took {taken}", team.name());
        }
        f64::from(self.invoices) / took.as_secs_f64()
    }

    /// Whom invoice-app is to tell; with another one in the place of notifications if there is one.
    fn subscribers(&self, instead: Option<String>) -> String {
        let url = |(team, port, _): &(Team, u16, Service)| {
            let another = instead.clone().filter(|_| *team == Team::Notifications);
            let url = another.unwrap_or_else(|| format!("https://localhost:{port}"));
            format!("{}={url}", team.name())
        };
        self.subscribers.iter().map(url).collect::<Vec<_>>().join(",")
    }

    /// Starts invoice-app; without a word it tells nobody.
    async fn open(&mut self, to: &str) {
        self.invoice_app.kill();
        self.invoice_app.set("EVENTS_TO", to);
        self.invoice_app.start(&self.http).await;
    }

    async fn took(&self, id: i64) -> Duration {
        let (db, begun) = (self.own.open(), Instant::now());
        loop {
            let run = db.read_blocking(move |conn| runs::get(conn, id)).expect("a run");
            if run.state == RunState::Finished {
                let micros = run.ended_at.expect("an end") - run.created_at;
                return Duration::from_micros(micros.unsigned_abs());
            }
            assert!(begun.elapsed() < PATIENCE, "{}", self.provider.log());
            tokio::time::sleep(LOOK * 20).await;
        }
    }

    async fn all_told(&self) {
        let (db, begun) = (self.own.open(), Instant::now());
        while number(&db, WAITING).expect("a number") > 0 {
            assert!(begun.elapsed() < PATIENCE, "{}", self.invoice_app.log());
            tokio::time::sleep(LOOK).await;
        }
        assert_eq!(number(&db, HELD).expect("a number"), 0, "everything is taken at once");
    }
}
