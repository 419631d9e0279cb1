//! All five services as processes, with an unreliable line from each sender of events to each of its receivers, or with a
//! RabbitMQ between them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use contracts::event::Kind;
use proof::invariants::number;
use proof::processes::{Service, free_port, impatient};
use testkit::broker::Broker;
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, Team, client};

use super::line::Line;
use super::rows;
use crate::journal::Journal;
use crate::world::{Vars, last_words};

/// Longest wait for the end of everything once nothing is broken any more: what was tried in vain waits longer each time.
const PATIENCE: Duration = Duration::from_secs(400);
/// In the order in which they are started.
const SERVICES: [&str; 5] = ["payment-provider", "invoice-app", "notifications", "orders", "users"];
/// Those that tell events.
pub(super) const SENDERS: [&str; 3] = ["users", "orders", "invoice-app"];

pub(super) struct Market<'a> {
    journal: &'a Journal,
    pub(super) services: Vec<Service>,
    /// Public ports.
    ports: BTreeMap<&'static str, u16>,
    /// Ports on which events are received.
    hear: BTreeMap<&'static str, u16>,
    /// None where a broker carries the events.
    lines: BTreeMap<(&'static str, &'static str), Line>,
    broker: Option<Broker>,
    pub(super) databases: BTreeMap<&'static str, Database>,
    pub(super) http: reqwest::Client,
    // Removed last: there are the databases and the logs.
    pub(super) home: Home,
}

/// Who tells whom.
pub(super) fn edges() -> BTreeSet<(&'static str, &'static str)> {
    let of = |kind: Kind| kind.receivers().iter().map(move |receiver| (kind.sender(), *receiver));
    Kind::ALL.into_iter().flat_map(of).collect()
}

impl<'a> Market<'a> {
    /// Sets everything up; nothing is started yet.
    pub(super) fn new(engine: Engine, broker: Option<Broker>, journal: &'a Journal, seed: u64) -> Self {
        let home = Home::new();
        let migrations = |name| match name {
            "payment-provider" => payment_provider::store::MIGRATIONS,
            "invoice-app" => invoice_app::store::MIGRATIONS,
            name => team(name).migrations(),
        };
        let fresh = |name| (name, Database::fresh(&home, engine, name, migrations(name)));
        let databases: BTreeMap<_, _> = SERVICES.into_iter().map(fresh).collect();
        SENDERS.iter().for_each(|name| rows::keep_what_is_told(&databases[name].open()));
        let ports: BTreeMap<_, _> = SERVICES.into_iter().map(|name| (name, free_port())).collect();
        let hear: BTreeMap<_, _> = edges().into_iter().map(|(_, to)| (to, free_port())).collect();
        let laid = |((from, to), n): ((&'static str, &'static str), u64)| {
            ((from, to), Line::lay(hear[to], seed.wrapping_add(n)))
        };
        let lines =
            if broker.is_some() { BTreeMap::new() } else { edges().into_iter().zip(0..).map(laid).collect() };
        let http = client::plain();
        let mut market =
            Self { journal, services: Vec::new(), ports, hear, lines, broker, databases, http, home };
        market.services = SERVICES.map(|name| market.service(name)).into();
        journal.note(market.name(engine));
        market
    }

    fn service(&self, name: &'static str) -> Service {
        let (home, database) = (&self.home, &self.databases[name].url);
        let mut vars: Vars = match name {
            "payment-provider" => provider_vars(home, database),
            "invoice-app" => {
                let provider = format!("https://localhost:{}", self.ports["payment-provider"]);
                let mut vars = invoice_app_vars(home, database, &provider);
                vars.extend([("PROVIDER_TIMEOUT_MS", "500".into()), ("RETRY_POLICY_FILE", impatient(home))]);
                vars
            }
            name => team(name).vars(home, database),
        };
        vars.push(("DATABASE_POOL_SIZE", "4".into()));
        let to: Vec<String> = self
            .lines
            .iter()
            .filter(|((from, _), _)| *from == name)
            .map(|((_, to), line)| format!("{to}=https://localhost:{}", line.port))
            .collect();
        if let Some(broker) = self.broker.as_ref().filter(|_| name != "payment-provider") {
            vars.extend(broker.vars(name));
        }
        if !to.is_empty() {
            vars.push(("EVENTS_TO", to.join(",")));
            vars.push(("EVENT_KEY_FILE", home.text(&format!("keys/event/{name}/private.pem"))));
        }
        if let Some(port) = self.hear.get(name) {
            vars.push(("EVENTS_LISTEN", format!("127.0.0.1:{port}")));
            vars.push(("EVENT_JWKS_DIR", home.text("keys/event")));
        }
        Service::new(home, name, self.ports[name], vars)
    }

    pub(super) async fn start(&mut self) {
        for service in &mut self.services {
            service.start(&self.http).await;
        }
    }

    /// How many there are to be killed.
    pub(super) fn places(&self) -> usize {
        self.services.len() + usize::from(self.broker.is_some())
    }

    /// How messages of this market begin.
    pub(super) fn name(&self, engine: Engine) -> String {
        let way = if self.broker.is_some() { "over a broker" } else { "by calls" };
        format!("{engine:?}, {way}")
    }

    /// SIGKILL, and a new start at once. The last place is the broker's.
    pub(super) async fn kill(&mut self, place: usize) {
        if let Some(broker) = self.broker.as_ref().filter(|_| place == self.services.len()) {
            self.journal.note("kill the broker");
            broker.crash();
            return;
        }
        self.journal.note(format!("kill {}", self.services[place].name()));
        self.services[place].kill();
        self.services[place].start(&self.http).await;
    }

    /// From now on the lines, if there are any, lose and delay nothing. Gives how often they were late, and lost an answer.
    pub(super) fn mend(&self) -> Option<(usize, usize)> {
        let noises: Vec<_> = self.lines.values().map(Line::mend).collect();
        let sum = |of: fn(&(usize, usize)) -> usize| noises.iter().map(of).sum();
        (!noises.is_empty()).then(|| (sum(|noise| noise.0), sum(|noise| noise.1)))
    }

    /// Base URL of a public port.
    pub(super) fn url(&self, name: &str) -> String {
        format!("http://localhost:{}", self.ports[name])
    }

    /// Where a service receives events, past the line.
    pub(super) fn ear(&self, name: &str) -> String {
        format!("https://localhost:{}", self.hear[name])
    }

    /// Waits until so many orders came to their end, nothing is left to be told and every message is sent.
    pub(super) async fn is_quiet(&self, orders: usize) {
        const LEFT: &str = "SELECT (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM held_events) AS n";
        const OPEN: &str = "SELECT COUNT(*) AS n FROM orders WHERE state IN ('PLACED', 'CANCELLING')";
        const SENT: &str = "SELECT COUNT(*) AS n FROM notifications WHERE state = 'SENT'";
        let look = |name: &str, sql: &str| number(&self.databases[name].open(), sql).unwrap_or(-1);
        let begun = Instant::now();
        loop {
            let left: Vec<i64> = SENDERS.iter().map(|name| look(name, LEFT)).collect();
            let (open, sent) = (look("orders", OPEN), look("notifications", SENT));
            if open == 0
                && left.iter().all(|left| *left == 0)
                && usize::try_from(sent).is_ok_and(|sent| sent >= orders)
            {
                return;
            }
            let seen =
                format!("{open} orders are open, to be told by {SENDERS:?} {left:?}, {sent} messages sent");
            assert!(begun.elapsed() < PATIENCE, "not quiet within {PATIENCE:?}: {seen}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn team(name: &str) -> Team {
    let known = [Team::Users, Team::Orders, Team::Notifications];
    known.into_iter().find(|team| team.name() == name).expect("a service of team commerce")
}

impl Drop for Market<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            last_words(&self.services);
            for name in SENDERS {
                println!("{name} holds: {:#?}", rows::held(&self.databases[name].open()));
            }
        }
    }
}
