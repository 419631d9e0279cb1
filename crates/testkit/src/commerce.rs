//! The services of team commerce in this process, on free ports, with their own data.

use db::{Db, Migrations};
use serde_json::Value;
use service::app::Service;
use service::server::{Shutdown, Trigger};
use service::{Clock, Vars};
use tokio::task::JoinHandle;

use crate::{Database, Engine, Home, client};

/// Names and values.
pub type Variables = Vec<(&'static str, String)>;

/// A service that runs in this process, and can be stopped and started again.
pub struct Serving {
    /// Base URL of its public port.
    pub url: String,
    /// Base URL of its admin port.
    pub admin: String,
    /// Its rows.
    pub db: Db,
    http: reqwest::Client,
    vars: Variables,
    build: fn(&Vars) -> Service,
    /// Held by the service: how to stop it, and what runs; nothing while it is stopped.
    running: Option<(Trigger, JoinHandle<()>)>,
    // Dropped last: PostgreSQL ones are dropped on the server too.
    database: Database,
}

/// Which service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Team {
    /// Who registers.
    Users,
    /// What is ordered.
    Orders,
    /// What users are told.
    Notifications,
}

impl Team {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Orders => "orders",
            Self::Notifications => "notifications",
        }
    }

    /// Its schema.
    #[must_use]
    pub fn migrations(self) -> Migrations {
        match self {
            Self::Users => users::store::MIGRATIONS,
            Self::Orders => orders::store::MIGRATIONS,
            Self::Notifications => notifications::store::MIGRATIONS,
        }
    }

    fn build(self) -> fn(&Vars) -> Service {
        match self {
            Self::Users => |vars| {
                let settings = users::settings::Settings::read(vars).expect("settings of users");
                users::app::build(settings, Clock::system()).expect("users")
            },
            Self::Orders => |vars| {
                let settings = orders::settings::Settings::read(vars).expect("settings of orders");
                orders::app::build(settings, Clock::system()).expect("orders")
            },
            Self::Notifications => |vars| {
                let settings =
                    notifications::settings::Settings::read(vars).expect("settings of notifications");
                notifications::app::build(settings, Clock::system()).expect("notifications")
            },
        }
    }

    /// What it needs to run beside the others; e-mails go into the folder `mail`.
    #[must_use]
    pub fn vars(self, home: &Home, database: &str) -> Variables {
        let mut vars = vec![
            ("LISTEN", "127.0.0.1:0".into()),
            ("ADMIN_LISTEN", "127.0.0.1:0".into()),
            ("AUTH", "off".into()),
            ("DATABASE_URL", database.into()),
            ("TLS_MODE", "rustls".into()),
            ("TLS_DIR", home.text(&format!("pki/{}", self.name()))),
        ];
        if self == Self::Notifications {
            vars.push(("MAIL", format!("file:{}", home.text("mail"))));
        }
        vars
    }

    /// Starts it; later variables override earlier ones.
    #[must_use]
    pub fn start(self, home: &Home, engine: Engine, more: Variables) -> Serving {
        let database = Database::fresh(home, engine, self.name(), self.migrations());
        let mut vars = self.vars(home, &database.url);
        vars.extend(more);
        let (url, admin, db) = (String::new(), String::new(), database.open());
        let http = client::plain();
        let mut serving =
            Serving { url, admin, db, http, vars, build: self.build(), running: None, database };
        serving.go();
        serving
    }
}

impl Serving {
    fn go(&mut self) {
        let service = (self.build)(&Vars::fixed(self.vars.iter().cloned()));
        self.url = format!("http://localhost:{}", service.addr.port());
        self.admin = format!("http://{}", service.admin_addr);
        let (stop, shutdown) = Shutdown::manual();
        self.running = Some((stop, tokio::spawn(service.run(shutdown))));
    }

    /// Stops it as SIGTERM does, and waits for it.
    pub async fn stop(&mut self) {
        if let Some((trigger, running)) = self.running.take() {
            trigger.pull();
            running.await.expect("a service that ends");
        }
    }

    /// Stops it, and starts it again with further variables, which hold from now on.
    pub async fn restart_with(&mut self, more: Variables) {
        self.stop().await;
        self.vars.extend(more);
        self.go();
    }

    /// Where its rows are.
    #[must_use]
    pub fn database_url(&self) -> &str {
        &self.database.url
    }

    /// Status and body of a request; with a key when one is given.
    pub async fn ask(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect(path);
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// The body of a GET.
    pub async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, "", None).await.1
    }

    /// Status and body of a POST.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask("POST", path, "", Some(body)).await
    }

    /// For requests of another form.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }
}
