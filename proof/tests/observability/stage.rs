//! The five services as processes, with keys to everything, whose traces and logs go to a collector; on PostgreSQL with a
//! worker beside them.

use std::collections::BTreeMap;

use contracts::event::Kind;
use db::{Db, Migrations};
use diesel::RunQueryDsl;
use proof::processes::{Service, free_port, impatient};
use service::Clock;
use testkit::broker::Broker;
use testkit::commerce::Variables;
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, Team, client};

use crate::collector::Collector;

/// In the order in which they are started.
pub(crate) const SERVICES: [&str; 5] =
    ["payment-provider", "invoice-app", "notifications", "orders", "users"];
pub(crate) const WORKER: &str = "invoice-app-worker";
/// What the team of these tests may do: everything.
const SCOPES: &str = "invoices:read,invoices:write,customers:read,customers:write,billing:run,users:read,users:write,\
                      orders:read,orders:write,notifications:read";

pub(crate) struct Stage {
    pub(crate) engine: Engine,
    services: BTreeMap<&'static str, Service>,
    ports: BTreeMap<&'static str, u16>,
    ears: BTreeMap<&'static str, u16>,
    broker: Option<Broker>,
    pub(crate) databases: BTreeMap<&'static str, Database>,
    pub(crate) http: reqwest::Client,
    /// Opens everything.
    pub(crate) key: String,
    // Removed last: there are the databases and the logs.
    pub(crate) home: Home,
}

impl Stage {
    /// Starts all.
    pub(crate) async fn start(engine: Engine, broker: Option<Broker>, collector: &Collector) -> Self {
        let home = Home::new();
        let fresh = |name| (name, Database::fresh(&home, engine, name, migrations(name)));
        let databases = SERVICES.into_iter().map(fresh).collect();
        let ports = SERVICES.into_iter().map(|name| (name, free_port())).collect();
        let heard = Kind::ALL.iter().flat_map(|kind| kind.receivers());
        let ears = heard.map(|name| (*name, free_port())).collect();
        let (services, http, key) = (BTreeMap::new(), client::plain(), String::new());
        let mut stage = Self { engine, services, ports, ears, broker, databases, http, key, home };
        stage.key = stage.issue("team:observability", SCOPES, 30, Clock::system().seconds());
        for name in SERVICES {
            let service = Service::new(&stage.home, name, stage.ports[name], stage.vars(name, collector));
            stage.add(name, service);
            stage.begin(name).await;
        }
        if engine == Engine::Postgres {
            let worker = Service::worker(&stage.home, 1, stage.vars("invoice-app", collector));
            stage.add(WORKER, worker);
            stage.begin(WORKER).await;
        }
        stage
    }

    /// Variables of a service.
    pub(crate) fn vars(&self, name: &'static str, collector: &Collector) -> Variables {
        let (home, database) = (&self.home, &self.databases[name].url);
        let mut vars = match name {
            "payment-provider" => provider_vars(home, database),
            "invoice-app" => {
                let provider = format!("https://localhost:{}", self.ports["payment-provider"]);
                let mut vars = invoice_app_vars(home, database, &provider);
                vars.extend([("RETRY_POLICY_FILE", impatient(home)), ("RECONCILE_EVERY_MS", "1000".into())]);
                vars
            }
            name => team(name).vars(home, database),
        };
        vars.extend([("AUTH", "keys".into()), ("API_JWKS_FILE", home.text("keys/operator/jwks.json"))]);
        vars.extend(["RELOAD_MS", "REVOCATION_POLL_MS"].map(|name| (name, "200".into())));
        vars.extend([("DATABASE_POOL_SIZE", "4".into()), ("DATABASE_WAIT_MS", "1000".into())]);
        vars.extend([
            ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()),
            ("OTEL_TRACES_SAMPLER_ARG", "1".into()),
        ]);
        vars.extend(self.event_vars(name));
        vars
    }

    fn event_vars(&self, name: &'static str) -> Variables {
        if let Some(broker) = self.broker.as_ref().filter(|_| name != "payment-provider") {
            return broker.vars(name);
        }
        let mut vars = Variables::new();
        let told = Kind::ALL.iter().filter(|kind| kind.sender() == name).flat_map(|kind| kind.receivers());
        let told: std::collections::BTreeSet<_> = told.collect();
        let to: Vec<_> = told.iter().map(|to| format!("{to}=https://localhost:{}", self.ears[*to])).collect();
        if !to.is_empty() {
            vars.push(("EVENTS_TO", to.join(",")));
            vars.push(("EVENT_KEY_FILE", self.home.text(&format!("keys/event/{name}/private.pem"))));
        }
        if let Some(port) = self.ears.get(name) {
            vars.push(("EVENTS_LISTEN", format!("127.0.0.1:{port}")));
            vars.push(("EVENT_JWKS_DIR", self.home.text("keys/event")));
        }
        vars
    }

    /// A further process; it is not started.
    pub(crate) fn add(&mut self, name: &'static str, service: Service) {
        self.services.insert(name, service);
    }

    /// Kills it, and forgets it.
    pub(crate) fn remove(&mut self, name: &str) {
        self.services.remove(name);
    }

    /// Starts a service.
    pub(crate) async fn begin(&mut self, name: &str) {
        let service = self.services.get_mut(name).expect("a service");
        service.start(&self.http).await;
    }

    /// SIGKILL, and a new start.
    pub(crate) async fn restart(&mut self, name: &str) {
        self.service(name).kill();
        self.begin(name).await;
    }

    pub(crate) fn service(&mut self, name: &str) -> &mut Service {
        self.services.get_mut(name).expect("a service")
    }

    /// Each process and where it is scraped.
    pub(crate) fn admins(&self) -> impl Iterator<Item = (&str, &str)> {
        // A second process of a service has its name and a number.
        let name = |name: &'static str| name.split('#').next().unwrap_or(name);
        self.services.iter().map(move |(of, service)| (name(of), service.admin()))
    }

    /// Each process and what it wrote.
    pub(crate) fn logs(&self) -> BTreeMap<&str, String> {
        self.services.iter().map(|(name, service)| (*name, service.log())).collect()
    }

    /// The metrics of all, as text.
    pub(crate) async fn metrics(&self) -> String {
        let mut all = String::new();
        for service in self.services.values() {
            all += &service.metrics(&self.http).await;
        }
        all
    }

    /// Base URL of a business port.
    pub(crate) fn url(&self, name: &str) -> String {
        let scheme = if name == "payment-provider" { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.ports[name])
    }

    /// Where a service receives events.
    pub(crate) fn ear(&self, name: &str) -> Option<String> {
        self.ears.get(name).map(|port| format!("https://localhost:{port}"))
    }

    /// An API key that begins at `now`, in seconds.
    pub(crate) fn issue(&self, sub: &str, scope: &str, days: u16, now: i64) -> String {
        let operator = self.home.text("keys/operator/private.pem");
        let days = days.to_string();
        let words = ["keys", "issue", "--key", &operator, "--sub", sub, "--scope", scope, "--days", &days];
        self.home.run_at(&words, now)
    }

    pub(crate) fn db(&self, name: &str) -> Db {
        self.databases[name].open()
    }

    /// Changes rows behind a service's back; gives how many.
    pub(crate) fn execute(&self, name: &str, sql: &str) -> usize {
        let changed = self.db(name).write_blocking(|conn| Ok(diesel::sql_query(sql).execute(conn)?));
        changed.unwrap_or_else(|error| unreachable!("{sql}: {error}"))
    }
}

/// The tables of a service.
pub(crate) fn migrations(name: &str) -> Migrations {
    match name {
        "payment-provider" => payment_provider::store::MIGRATIONS,
        "invoice-app" => invoice_app::store::MIGRATIONS,
        name => team(name).migrations(),
    }
}

fn team(name: &str) -> Team {
    let known = [Team::Users, Team::Orders, Team::Notifications];
    known.into_iter().find(|team| team.name() == name).expect("a service of team commerce")
}
