//! Both services in this process, on free ports, with their own data.

use db::Db;
use invoice_app::domain::data_set::DataSet;
use service::server::{Shutdown, Trigger};
use service::{Clock, Vars};
use tokio::task::JoinHandle;

use crate::{Database, Engine, Home, client};

/// How the services are set up; further variables override what the stack sets itself.
#[derive(Default)]
pub struct Options {
    /// Data set of invoice-app.
    pub data: Option<&'static str>,
    /// A path at the provider's older port: invoice-app charges there, as if the provider were a legacy one.
    pub older_path: Option<&'static str>,
    /// Further variables of invoice-app.
    pub invoice_app: Vec<(&'static str, String)>,
    /// Further variables of the payment provider.
    pub provider: Vec<(&'static str, String)>,
}

/// Running services.
pub struct Stack {
    /// Certificates and keys.
    pub home: Home,
    /// Base URL of invoice-app.
    pub invoices: String,
    /// Base URL of invoice-app's admin port.
    pub invoices_admin: String,
    /// Base URL on which invoice-app receives events.
    pub invoices_events: String,
    /// Base URL of the payment provider.
    pub provider: String,
    /// Base URL of the provider's older paths.
    pub compat: String,
    /// Base URL of the provider's admin port.
    pub provider_admin: String,
    /// invoice-app's rows.
    pub invoices_db: Db,
    /// The provider's rows.
    pub provider_db: Db,
    /// For plain HTTP.
    pub http: reqwest::Client,
    /// Variables of invoice-app.
    own: Vec<(&'static str, String)>,
    /// Held by the stack: how to stop, and what runs; invoice-app last.
    running: Vec<(Trigger, JoinHandle<()>)>,
    // Dropped last: PostgreSQL ones are dropped on the server too.
    databases: [Database; 2],
}

impl Stack {
    /// Starts both services.
    pub fn start(engine: Engine, options: Options) -> Self {
        Self::start_in(Home::new(), engine, options)
    }

    /// The same with certificates and keys that are there.
    pub fn start_in(home: Home, engine: Engine, options: Options) -> Self {
        let invoices = Database::fresh(&home, engine, "invoice-app", invoice_app::store::MIGRATIONS);
        let provider =
            Database::fresh(&home, engine, "payment-provider", payment_provider::store::MIGRATIONS);
        if let Some(name) = options.data {
            seed(&invoices.open(), name);
        }
        let vars = merged(provider_vars(&home, &provider.url), options.provider);
        let settings = payment_provider::settings::Settings::read(&vars).expect("provider settings");
        let app = payment_provider::app::App::build(settings, Clock::system()).expect("a provider");
        let (provider_addr, provider_admin, compat) = (app.addr(), app.admin_addr(), app.compat_addr());
        let (stop, shutdown) = Shutdown::manual();
        let provider_runs = (stop, tokio::spawn(app.run(shutdown)));

        let endpoint = format!("https://localhost:{}", provider_addr.port());
        let compat = format!("http://{}", compat.expect("the older paths"));
        let charged_at = options.older_path.map_or(endpoint.clone(), |path| format!("{compat}{path}"));
        let mut own = invoice_app_vars(&home, &invoices.url, &charged_at);
        own.extend(event_vars(&home, "invoice-app"));
        own.extend(options.invoice_app);
        let ([invoices_url, invoices_admin, invoices_events], invoice_app_runs) = start_invoice_app(&own);
        let running = vec![provider_runs, invoice_app_runs];
        Self {
            invoices: invoices_url,
            invoices_admin,
            invoices_events,
            own,
            provider: endpoint,
            compat,
            provider_admin: format!("http://{provider_admin}"),
            invoices_db: invoices.open(),
            provider_db: provider.open(),
            http: client::plain(),
            home,
            running,
            databases: [invoices, provider],
        }
    }

    /// Stops invoice-app and starts it again with the same variables.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start_another();
    }

    /// The same with further variables, which hold from now on.
    pub async fn restart_with(&mut self, more: &[(&'static str, &str)]) {
        self.own.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self.restart().await;
    }

    /// Starts an invoice-app over the same rows: after a stop, or beside the others, which SQLite does not allow. It is
    /// asked from now on, and stopped first.
    pub fn start_another(&mut self) {
        let (urls, running) = start_invoice_app(&self.own);
        [self.invoices, self.invoices_admin, self.invoices_events] = urls;
        self.running.push(running);
    }

    /// Where invoice-app's rows are.
    #[must_use]
    pub fn invoices_db_url(&self) -> &str {
        &self.databases[0].url
    }

    /// Where the provider's rows are.
    #[must_use]
    pub fn provider_db_url(&self) -> &str {
        &self.databases[1].url
    }

    /// Stops invoice-app as SIGTERM does, and waits for it; the next call stops the provider.
    pub async fn stop(&mut self) {
        let (trigger, running) = self.running.pop().expect("a running service");
        trigger.pull();
        running.await.expect("a service that ends");
    }

    /// The body of a GET as JSON.
    pub async fn get(&self, path: &str) -> serde_json::Value {
        let response = self.http.get(format!("{}{path}", self.invoices)).send().await.expect(path);
        response.json().await.expect("JSON")
    }

    /// Status and body of a POST.
    pub async fn post(&self, path: &str, body: &str) -> (u16, String) {
        let request =
            self.http.post(format!("{}{path}", self.invoices)).header("content-type", "application/json");
        let response = request.body(body.to_owned()).send().await.expect(path);
        (response.status().as_u16(), response.text().await.expect("text"))
    }
}

fn start_invoice_app(vars: &[(&'static str, String)]) -> ([String; 3], (Trigger, JoinHandle<()>)) {
    let vars = Vars::fixed(vars.iter().cloned());
    let settings = invoice_app::settings::Settings::read(&vars).expect("invoice-app settings");
    let app = invoice_app::app::App::build(settings, Clock::system()).expect("an invoice-app");
    let (addr, admin, events) = (app.addr(), app.admin_addr(), app.events_addr().expect("a port for events"));
    let (stop, shutdown) = Shutdown::manual();
    let running = (stop, tokio::spawn(app.run(shutdown)));
    let events = format!("https://localhost:{}", events.port());
    ([format!("http://localhost:{}", addr.port()), format!("http://{admin}"), events], running)
}

fn seed(db: &Db, name: &str) {
    let set: DataSet = name.parse().expect("a data set");
    invoice_app::flows::seed::seed(db, set, Clock::system().now()).expect("a seeded database");
}

/// What a payment provider needs to run beside the others.
#[must_use]
pub fn provider_vars(home: &Home, database: &str) -> Vec<(&'static str, String)> {
    vec![
        ("LISTEN", "127.0.0.1:0".into()),
        ("ADMIN_LISTEN", "127.0.0.1:0".into()),
        ("COMPAT_LISTEN", "127.0.0.1:0".into()),
        ("AUTH", "off".into()),
        ("DATABASE_URL", database.into()),
        ("TLS_MODE", "rustls".into()),
        ("TLS_DIR", home.text("pki/payment-provider")),
        ("CHARGE_JWKS_FILE", home.text("keys/charge/jwks.json")),
    ]
}

/// What invoice-app needs to run beside the others.
#[must_use]
pub fn invoice_app_vars(home: &Home, database: &str, provider: &str) -> Vec<(&'static str, String)> {
    vec![
        ("LISTEN", "127.0.0.1:0".into()),
        ("ADMIN_LISTEN", "127.0.0.1:0".into()),
        ("AUTH", "off".into()),
        ("DATABASE_URL", database.into()),
        ("TLS_MODE", "rustls".into()),
        ("TLS_DIR", home.text("pki/invoice-app")),
        ("CHARGE_KEY_FILE", home.text("keys/charge/private.pem")),
        ("PAYMENT_PROVIDER_ENDPOINT", provider.into()),
        // Nothing is to happen by itself in the middle of a test.
        ("BILLING_SCHEDULE", "off".into()),
    ]
}

/// What a service needs to hear events, and to sign its own.
#[must_use]
pub fn event_vars(home: &Home, name: &str) -> Vec<(&'static str, String)> {
    vec![
        ("EVENTS_LISTEN", "127.0.0.1:0".into()),
        ("EVENT_JWKS_DIR", home.text("keys/event")),
        ("EVENT_KEY_FILE", home.text(&format!("keys/event/{name}/private.pem"))),
    ]
}

fn merged(base: Vec<(&'static str, String)>, more: Vec<(&'static str, String)>) -> Vars {
    Vars::fixed(base.into_iter().chain(more))
}
