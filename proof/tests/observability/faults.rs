//! What goes wrong, for real where it can; where a condition needs hours, the rows are made older.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use proof::processes::{Service, free_port};
use serde_json::json;
use service::Clock;
use testkit::{Database, Engine};

use crate::collector::Collector;
use crate::prometheus::Prometheus;
use crate::stage::{Stage, migrations};
use crate::until;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const MICROS: i64 = 1_000_000;

/// Services that speak to a broker if there is one, and what a second process of each is called here.
const SECOND: [(&str, &str); 4] = [
    ("users", "users#2"),
    ("orders", "orders#2"),
    ("invoice-app", "invoice-app#2"),
    ("notifications", "notifications#2"),
];

/// Files that were replaced.
pub(crate) struct Kept(PathBuf, Vec<u8>);

impl Kept {
    pub(crate) fn back(self) {
        std::fs::write(self.0, self.1).expect("a file");
    }
}

/// A process that may have as many files open as it has.
pub(crate) struct Narrow(String);

impl Narrow {
    fn limit(id: &str, files: &str) {
        let set = Command::new("prlimit").args(["--pid", id, &format!("--nofile={files}:")]).status();
        assert!(set.expect("prlimit").success(), "prlimit --pid {id} --nofile={files}:");
    }
}

impl Drop for Narrow {
    fn drop(&mut self) {
        Self::limit(&self.0, "1024");
    }
}

impl Stage {
    /// The provider hangs, and a run has begun: nothing is charged, and nothing is known to have failed.
    pub(crate) async fn a_run_is_stuck(&mut self) -> i64 {
        self.invoices(3).await;
        self.service("payment-provider").suspend();
        self.run().await
    }

    /// From here on nobody waits longer than half a second for the provider.
    pub(crate) async fn a_run_goes_on(&mut self, run: i64) {
        self.service("payment-provider").resume();
        self.run_ends(run).await;
        for name in self.chargers() {
            self.service(name).set("PROVIDER_TIMEOUT_MS", "500");
            self.restart(name).await;
        }
    }

    /// Processes that charge.
    pub(crate) fn chargers(&self) -> Vec<&'static str> {
        let worker = (self.engine == Engine::Postgres).then_some(crate::stage::WORKER);
        std::iter::once("invoice-app").chain(worker).collect()
    }

    /// A key that is good for a day.
    pub(crate) async fn a_key_ends_soon(&self) {
        let key = self.issue("team:observability", "users:read", 1, Clock::system().seconds());
        let answer = self.http.get(format!("{}/v1/users", self.url("users"))).bearer_auth(key).send().await;
        assert_eq!(answer.expect("an answer").status(), 200);
    }

    /// A table that a service does not find.
    pub(crate) fn hide(&self, name: &str, table: &str) {
        self.execute(name, &format!("ALTER TABLE {table} RENAME TO hidden_{table}"));
    }

    pub(crate) fn show(&self, name: &str, table: &str) {
        self.execute(name, &format!("ALTER TABLE hidden_{table} RENAME TO {table}"));
    }

    pub(crate) fn half_a_certificate(&self, name: &str) -> Kept {
        let path = self.home.path(&format!("pki/{name}/cert.pem"));
        let whole = std::fs::read(&path).expect("a certificate");
        std::fs::write(&path, &whole[..whole.len() / 2]).expect("a file");
        Kept(path, whole)
    }

    pub(crate) fn certificate_ends_within_an_hour(&self, name: &str) {
        let renew = ["pki", "renew", "--dir", &self.home.text("pki"), name, "--days", "1"];
        self.home.run_at(&renew, Clock::system().seconds() - DAY + HOUR);
    }

    /// A payment of an order that orders has lost.
    pub(crate) async fn poison_event(&self) {
        let customer = self.customer("Ada", "ada@example.org", 10).await;
        let order = self.order(&customer.user, 1).await;
        self.ends(&order, "CONFIRMED").await;
        let lost = self.order(&customer.user, 2).await;
        self.ends(&lost, "CONFIRMED").await;
        self.execute("orders", &format!("DELETE FROM orders WHERE id = '{lost}'"));
        let id = service::id::uuid(Clock::system().now());
        let data = json!({"invoice": lost, "number": 7, "customer": id, "user": customer.user, "order": lost,
            "amount": {"value": 2, "currency": "EUR"}, "attempt": 1});
        self.execute(
            "invoice-app",
            &format!(
                "INSERT INTO outbox (id, kind, subject, version, data, created_at)
                 VALUES ('{id}', 'invoice.paid.v1', '{lost}', 9, '{data}', {})",
                Clock::system().now()
            ),
        );
    }

    /// One address that is none, and a mailbox that is no folder.
    pub(crate) async fn mail_cannot_be_written(&self) {
        let customer = self.customer("Ada", "ada@example.org", 10).await;
        let first = self.order(&customer.user, 1).await;
        self.ends(&first, "CONFIRMED").await;
        let (user, spoil) = (&customer.user, "UPDATE recipients SET email = 'nowhere' WHERE user_id = ");
        self.execute("notifications", &format!("{spoil}'{user}'"));
        self.order(user, 1).await;
        let failed = async || {
            let page = self.get("notifications", "/v1/notifications").await;
            page["items"].as_array().is_some_and(|all| all.iter().any(|one| one["state"] == "FAILED"))
        };
        until("an e-mail is given up", failed).await;
        self.execute("notifications", "UPDATE recipients SET email = 'ada@example.org'");
        let mailbox = self.home.path("mail/tmp");
        std::fs::remove_dir_all(&mailbox).expect("a folder");
        std::fs::write(&mailbox, "").expect("a file");
        self.order(user, 1).await;
        let old = format!(
            "UPDATE notifications SET created_at = {} WHERE state = 'QUEUED'",
            Clock::system().now() - HOUR * MICROS
        );
        until("an e-mail waits", async || self.execute("notifications", &old) > 0).await;
    }

    /// An order whose user is told of nothing, as nobody is there who would write.
    pub(crate) async fn nobody_hears_of_an_order(&mut self) {
        let mailbox = self.home.path("mail/tmp");
        std::fs::remove_file(&mailbox).expect("a file");
        std::fs::create_dir(&mailbox).expect("a folder");
        let customer = self.customer("Ada", "ada@example.org", 10).await;
        self.service("notifications").kill();
        self.order(&customer.user, 1).await;
    }

    /// On PostgreSQL another process holds the lease, and is dead; on SQLite nothing can be removed.
    pub(crate) async fn events_are_stuck(&mut self, name: &str) {
        match self.engine {
            Engine::Postgres => {
                let far = Clock::system().now() + HOUR * MICROS;
                let take = format!("UPDATE relay_lease SET holder = 'nobody', until = {far}");
                assert_eq!(self.execute(name, &take), 1);
                // The old holder believes for a while what it knows.
                self.restart(name).await;
            }
            Engine::Sqlite => {
                let refuse = "BEGIN SELECT RAISE(ABORT, 'stuck'); END";
                self.execute(name, &format!("CREATE TRIGGER stuck BEFORE DELETE ON outbox {refuse}"));
            }
        }
        self.happened(name, HOUR);
    }

    pub(crate) fn events_flow_again(&self, name: &str) {
        let back = match self.engine {
            Engine::Postgres => "DELETE FROM relay_lease",
            Engine::Sqlite => "DROP TRIGGER stuck",
        };
        self.execute(name, back);
    }

    /// Second processes are told of a broker where there is none. Who hears nothing tries it with its first event.
    pub(crate) fn broker_is_away(&mut self, collector: &Collector, prometheus: &Prometheus) {
        let password = self.home.text("password");
        std::fs::write(&password, "secret").expect("a file");
        let away = format!("amqp://127.0.0.1:{}", free_port());
        for (name, second) in SECOND {
            let file = format!("{name}-2");
            let rows = Database::fresh(&self.home, self.engine, &file, migrations(name));
            let mut vars = self.vars(name, collector);
            vars.retain(|(name, _)| !name.starts_with("EVENT"));
            vars.extend([("DATABASE_URL", rows.url.clone()), ("BROKER_PASSWORD_FILE", password.clone())]);
            vars.push(("BROKER_URL", away.clone()));
            let mut service = Service::new(&self.home, name, free_port(), vars);
            service.launch();
            self.add(second, service);
            self.databases.insert(second, rows);
        }
        self.happened("users#2", 0);
        prometheus.watch(self);
    }

    /// The second processes are gone.
    pub(crate) fn nobody_needs_a_broker(&mut self, prometheus: &Prometheus) {
        for (_, second) in SECOND {
            self.remove(second);
        }
        prometheus.watch(self);
    }

    /// Somebody registered so many seconds ago, and nobody is told yet.
    fn happened(&self, name: &str, ago: i64) {
        let now = Clock::system().now();
        let id = service::id::uuid(now);
        let data = json!({"user": id, "name": "Ada", "email": "ada@example.org", "currency": "EUR", "locale": "en",
            "time_zone": "UTC"});
        self.execute(
            name,
            &format!(
                "INSERT INTO outbox (id, kind, subject, version, data, created_at)
                 VALUES ('{id}', 'user.registered.v1', '{id}', 1, '{data}', {})",
                now - ago * MICROS
            ),
        );
    }

    /// A request to each service fails, as it does not find a table.
    pub(crate) async fn every_service_fails_once(&self, customer: i64) {
        let account = format!("/v1/customers/{customer}/account");
        for (name, table, at, path) in [
            ("orders", "orders", "orders", "/v1/orders"),
            ("notifications", "notifications", "notifications", "/v1/notifications"),
            ("users", "users", "users", "/v1/users"),
            ("payment-provider", "wallets", "invoice-app", &*account),
        ] {
            self.hide(name, table);
            let (status, answer) = self.ask("GET", at, path, None).await;
            self.show(name, table);
            assert!(status >= 500, "{path} without the table {table}: {status} {answer}");
        }
    }

    /// One writes, for longer than anybody waits; the others find no connection free.
    pub(crate) async fn database_is_slow(&self, name: &str) {
        let (db, engine) = (self.db(name), self.engine);
        let writes = std::thread::spawn(move || {
            db.write_blocking(|conn| {
                let lock = match engine {
                    Engine::Postgres => "LOCK TABLE users IN EXCLUSIVE MODE",
                    Engine::Sqlite => "UPDATE users SET version = version",
                };
                diesel::RunQueryDsl::execute(diesel::sql_query(lock), conn)?;
                std::thread::sleep(Duration::from_secs(4));
                Ok(())
            })
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        let registering = (0..24).map(|n| async move {
            let body = json!({"name": "Ada", "email": format!("ada{n}@example.org"), "currency": "EUR"});
            self.ask("POST", name, "/v1/users", Some(body)).await.0
        });
        let statuses = futures_util::future::join_all(registering).await;
        assert!(statuses.contains(&503), "{statuses:?}");
        writes.join().expect("a thread").expect("a write");
    }

    pub(crate) fn files_run_out(&mut self, name: &str) -> Narrow {
        let id = self.service(name).id().to_string();
        let open = std::fs::read_dir(format!("/proc/{id}/fd")).expect("a process").count();
        Narrow::limit(&id, &(open + 2).to_string());
        Narrow(id)
    }
}
