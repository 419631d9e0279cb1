//! A RabbitMQ with what the operator imports, and services that speak over it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::Arc;

use contracts::event::{Data, Kind};
use db::{Db, PoolSettings};
use diesel::RunQueryDsl;
use events::broker::{Access, URL};
use events::outbox::{self, NewEvent};
use events::{EventSettings, Events, Parts};
use service::identity::IdentitySettings;
use service::limits::Capacity;
use service::metrics::Metrics;
use service::reload::Reloads;
use service::server::{Shutdown, Trigger};
use service::{Clock, Var, Vars};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::Home;
use crate::events::{Heard, id};
use crate::ports::free_port;

const SERVER: Var = Var::unset("TEST_BROKER_URL", "a RabbitMQ, as scripts/test/rabbitmq.sh up prints it");
const DIR: Var = Var::unset("TEST_BROKER_DIR", "its directory");
const CI: Var = Var::unset("CI", "`true` makes a skipped check a failure");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/test/rabbitmq.sh");

/// A virtual host of a test's own, or a server.
pub struct Broker {
    /// Where it is.
    pub url: String,
    dir: String,
    vhost: String,
    /// Where a server of its own is; that one is gone with the test.
    home: Option<tempfile::TempDir>,
}

impl Broker {
    /// One with every exchange, queue and right; nothing but a loud word where there is no server, which is a failure
    /// in CI.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a skipped check says so")]
    pub fn fresh() -> Option<Self> {
        let vars = Vars::from_env();
        let (Some(server), Some(dir)) = (vars.text(&SERVER), vars.text(&DIR)) else {
            assert!(
                vars.text(&CI).as_deref() != Some("true"),
                "CI=true and no TEST_BROKER_URL: nothing is tested over a broker"
            );
            eprintln!("SKIPPED over a broker: eval \"$(scripts/test/rabbitmq.sh up)\" first");
            return None;
        };
        let vhost = service::id::uuid(Clock::system().now());
        script(&["vhost", &vhost, &dir]);
        Some(Self { url: format!("{server}/{vhost}"), dir, vhost, home: None })
    }

    /// A server of the test's own, to be killed; where there is one for the others, there are the programs.
    #[must_use]
    pub fn alone() -> Option<Self> {
        drop(Self::fresh()?);
        let home = tempfile::tempdir().expect("a temporary directory");
        // It runs as a user of its own, which must get through.
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o711)).expect("permissions");
        let (dir, port) = (home.path().join("rabbitmq").display().to_string(), free_port().to_string());
        let up = Command::new(SCRIPT).args(["up", &dir]).env("LISTEN_PORT", &port).output();
        let up = up.expect("scripts/test/rabbitmq.sh");
        assert!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
        let (url, vhost) = (format!("amqps://localhost:{port}"), "/".to_owned());
        Some(Self { url, dir, vhost, home: Some(home) })
    }

    /// What a service needs to speak to it.
    #[must_use]
    pub fn vars(&self, service: &str) -> Vec<(&'static str, String)> {
        vec![
            ("BROKER_URL", self.url.clone()),
            ("BROKER_CA_FILE", format!("{}/tls/ca.crt", self.dir)),
            ("BROKER_PASSWORD_FILE", format!("{}/passwords/{service}", self.dir)),
        ]
    }

    /// The way to it for a service.
    #[must_use]
    pub fn access(&self, service: &'static str) -> Access {
        let vars = Vars::fixed(self.vars(service));
        Access::read(&vars, &URL, service).expect("a way to the broker").expect("BROKER_URL")
    }

    /// Kills the server, and starts it again.
    pub fn crash(&self) {
        script(&["crash", &self.dir]);
    }

    /// `rabbitmqctl`, here.
    pub fn ctl(&self, words: &[&str]) -> String {
        script(&[&["ctl", &self.dir, "-p", &self.vhost], words].concat())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.home.is_some() {
            script(&["down", &self.dir]);
        }
    }
}

fn script(words: &[&str]) -> String {
    let output = Command::new(SCRIPT).args(words).output().expect("scripts/test/rabbitmq.sh");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// A service as far as it tells and hears over a broker: the real outbox, relay and hearing, with somebody behind it who
/// writes down what comes.
pub struct Peer {
    /// What it heard.
    pub heard: Heard,
    /// Its outbox.
    pub db: Db,
    wake: Arc<Notify>,
    stop: Trigger,
    running: Vec<JoinHandle<()>>,
}

impl Peer {
    /// Starts it; needs a running tokio.
    #[must_use]
    pub fn start(home: &Home, broker: &Broker, name: &'static str) -> Self {
        let mut vars = broker.vars(name);
        vars.extend([("TLS_MODE", "rustls".into()), ("TLS_DIR", home.text(&format!("pki/{name}")))]);
        vars.push(("WORKLOAD_ID", id(name).to_string()));
        let vars = Vars::fixed(vars);
        let nobody = "spiffe://cluster.local/ns/none/sa/none";
        let identity = IdentitySettings::read(&vars, nobody).expect("an identity");
        let hears = Kind::ALL.iter().any(|kind| kind.receivers().contains(&name));
        let kinds: &[Kind] = if hears { &Kind::ALL } else { &[] };
        let settings = EventSettings::read(&vars, &identity, name, kinds).expect("settings");
        let (clock, metrics) = (Clock::system(), Metrics::new().expect("metrics"));
        let mut reloads = Reloads::new(&metrics, &clock).expect("reloads");
        let (db, wake, heard) = (rows(home, name), Arc::new(Notify::new()), Heard::default());
        let parts = Parts {
            db: &db,
            clock: &clock,
            metrics: &metrics,
            reloads: &mut reloads,
            identity: &identity,
            capacity: Capacity { workers: 1, connections: 64 },
            wake: Arc::clone(&wake),
        };
        let events = Events::build(settings, heard.clone(), parts).expect("events");
        let (stop, shutdown) = Shutdown::manual();
        let relay = events.relay.map(|relay| tokio::spawn(relay.run(shutdown.clone())));
        let hearing = events.hearing.map(|hearing| tokio::spawn(hearing(shutdown)));
        let running = relay.into_iter().chain(hearing).collect();
        Self { heard, db, wake, stop, running }
    }

    /// Says that something happened, at once for all.
    pub fn say(&self, kind: Kind, all: &[Data], version: i64) {
        let now = Clock::system().now();
        let events: Vec<NewEvent> =
            all.iter().map(|data| NewEvent::new(kind, data, version, None, now)).collect();
        self.db.write_blocking(|conn| outbox::put_all(conn, &events)).expect("an outbox");
        self.wake.notify_one();
    }

    /// Stops it as SIGTERM does.
    pub async fn stop(self) {
        self.stop.pull();
        for job in self.running {
            job.await.expect("a job that ends");
        }
    }
}

/// Rows of its own, in the tables that every service has.
fn rows(home: &Home, name: &str) -> Db {
    let url = format!("sqlite://{}", home.text(&format!("{name}-events.sqlite"))).parse().expect("a URL");
    let db = Db::new(&url, PoolSettings { size: 4, wait: std::time::Duration::from_secs(5) });
    let readme = include_str!("../../events/README.md");
    let sql = readme.split("```sql").nth(1).and_then(|rest| rest.split("```").next()).expect("tables");
    let lines: Vec<&str> = sql.lines().filter(|line| !line.starts_with("--")).collect();
    for statement in lines.join("\n").split(';').filter(|statement| statement.contains("CREATE")) {
        let create = |conn: &mut db::AnyConnection| Ok(diesel::sql_query(statement).execute(conn)?);
        db.write_blocking(create).expect("a table");
    }
    db
}
