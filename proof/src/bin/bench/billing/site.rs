//! Both services as processes of their own, with databases that hold nothing but what is due.

use std::time::{Duration, Instant};

use contracts::charge::CHARGES_PATH;
use invoice_app::domain::data_set::DataSet;
use invoice_app::domain::run::RunState;
use invoice_app::store::runs;
use proof::invariants;
use proof::processes::{Service, free_port};
use serde_json::Value;
use service::Clock;
use testkit::client::{plain, with_certificate};
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home};

use super::rows::{Counts, Server};
use crate::cpu;

/// Memory is looked at this often, and every so many times the run.
const SAMPLE: (Duration, u32) = (Duration::from_millis(100), 5);
/// Longest wait for a run's end, and more of it for each invoice.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(60), Duration::from_millis(5));

/// Running services.
pub struct Site {
    http: reqwest::Client,
    /// An API key that may start runs.
    key: String,
    urls: [String; 2],
    provider: Service,
    invoice_app: Service,
    server: Option<Server>,
    invoices: u32,
    // Dropped last: services and looks into the databases are gone by then.
    databases: [Database; 2],
    home: Home,
}

/// What a run came to.
pub struct Billed {
    /// Invoices per second, from the run's start to its end.
    pub rate: f64,
    /// Most resident memory of invoice-app, MiB.
    pub most_rss: f64,
    last_rss: f64,
    /// CPU time per invoice, us: invoice-app, provider, database.
    cpu: [f64; 3],
    counts: Option<Counts>,
    invoices: u32,
}

impl Site {
    /// Seeds and starts both services; `rate` is the share of charges that are approved.
    pub async fn start(engine: Engine, invoices: u32, rate: &str) -> Self {
        let home = Home::new();
        let own = Database::fresh(&home, engine, "invoice-app", invoice_app::store::MIGRATIONS);
        let other = Database::fresh(&home, engine, "payment-provider", payment_provider::store::MIGRATIONS);
        let set = DataSet::Large(invoices.into());
        invoice_app::flows::seed::seed(&own.open(), set, Clock::system().now()).expect("invoices");
        let server = (engine == Engine::Postgres).then(|| Server::new([own.open(), other.open()]));
        let (http, ports) = (plain(), [free_port(), free_port()]);
        let urls = [format!("http://localhost:{}", ports[0]), format!("https://localhost:{}", ports[1])];
        let mut vars = provider_vars(&home, &other.url);
        vars.push(("ACQUIRER_SUCCESS_RATE", rate.to_owned()));
        let mut provider = Service::new(&home, "payment-provider", ports[1], vars);
        provider.start(&http).await;
        let mut vars = invoice_app_vars(&home, &own.url, &urls[1]);
        vars.push(("AUTH", "keys".to_owned()));
        vars.push(("API_JWKS_FILE", home.text("keys/operator/jwks.json")));
        vars.push(("EVENTS", "outbox".to_owned()));
        let mut invoice_app = Service::new(&home, "invoice-app", ports[0], vars);
        invoice_app.start(&http).await;
        let key = key(&home);
        Self { http, key, urls, provider, invoice_app, server, invoices, databases: [own, other], home }
    }

    /// Starts a run over what is due, and waits for its end. After it the services are gone.
    pub async fn bill(&mut self) -> Billed {
        self.refuses().await;
        let counts = self.server.as_ref().map(Server::counts);
        let before = self.cpu();
        let (status, run) = self.ask(self.due_run()).await;
        assert_eq!(status, 201, "{run}");
        let id = run["id"].as_i64().expect("a number");
        let (last_rss, most_rss) = self.wait(id).await;
        let spent = self.cpu().map(|time| time.as_secs_f64());
        let per_invoice = |at: usize| (spent[at] - before[at].as_secs_f64()) * 1e6 / f64::from(self.invoices);
        let cpu = [per_invoice(0), per_invoice(1), per_invoice(2)];
        let rate = f64::from(self.invoices) / self.took(id).as_secs_f64();
        // What a connection has counted is told at its end at the latest.
        self.invoice_app.kill();
        self.provider.kill();
        let server = self.server.as_ref();
        let counts = counts.zip(server).map(|(before, server)| server.counts_of_the_end().since(&before));
        Billed { rate, most_rss, last_rss, cpu, counts, invoices: self.invoices }
    }

    /// Whatever was done is right.
    pub fn holds(&self) {
        let [own, other] = &self.databases;
        let broken = invariants::broken(&own.open(), &other.open());
        assert!(broken.is_empty(), "{broken:#?}");
    }

    /// The gates are there: neither service does anything for who shows no key.
    async fn refuses(&self) {
        let answer = self.due_run().send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 401);
        let http = with_certificate(&self.home.path("pki/invoice-app"));
        let answer = http.post(format!("{}{CHARGES_PATH}", self.urls[1])).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 401);
    }

    fn runs(&self) -> String {
        format!("{}/v1/billing-runs", self.urls[0])
    }

    fn due_run(&self) -> reqwest::RequestBuilder {
        let request = self.http.post(self.runs()).header("content-type", "application/json");
        request.body(r#"{"scope":"due"}"#)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.header("X-API-Key", &self.key).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("JSON"))
    }

    /// Waits for the end; gives the memory at the end and the most there was, MiB.
    async fn wait(&self, id: i64) -> (f64, f64) {
        let (started, mut most) = (Instant::now(), 0.0_f64);
        let patience = PATIENCE.0 + PATIENCE.1 * self.invoices;
        for sample in 1.. {
            tokio::time::sleep(SAMPLE.0).await;
            let rss = self.rss();
            most = most.max(rss);
            if sample % SAMPLE.1 == 0 {
                let (_, run) = self.ask(self.http.get(format!("{}/{id}", self.runs()))).await;
                let verdicts = ["captured", "declined"].map(|of| run["invoices"][of].as_u64().unwrap_or(0));
                if run["state"] == "finished" {
                    assert_eq!(verdicts.iter().sum::<u64>(), u64::from(self.invoices), "{run}");
                    return (rss, most);
                }
                assert!(started.elapsed() < patience, "{run}: {}", self.said());
            }
        }
        (0.0, most)
    }

    /// What invoice-app wrote, but for the calls that it answered.
    fn said(&self) -> String {
        let log = self.invoice_app.log();
        log.lines().filter(|line| !line.contains("\"answered\"")).collect()
    }

    fn rss(&self) -> f64 {
        f64::from(u32::try_from(self.invoice_app.rss_kib()).expect("a size")) / 1024.0
    }

    fn took(&self, id: i64) -> Duration {
        let run = self.databases[0].open().read_blocking(move |conn| runs::get(conn, id)).expect("a run");
        assert_eq!(run.state, RunState::Finished);
        let micros = run.ended_at.expect("an end") - run.created_at;
        Duration::from_micros(micros.unsigned_abs())
    }

    fn cpu(&self) -> [Duration; 3] {
        let of = |service: &Service| cpu::of_process(service.id());
        [of(&self.invoice_app), of(&self.provider), self.server.as_ref().map_or(Duration::ZERO, Server::cpu)]
    }
}

fn key(home: &Home) -> String {
    let private = home.text("keys/operator/private.pem");
    let words = ["keys", "issue", "--key", &private, "--sub", "team:billing", "--days", "1"];
    home.run(&[&words[..], &["--scope", "billing:run,invoices:read"]].concat())
}

impl std::fmt::Display for Billed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cpu: [own, provider, database], last_rss, most_rss, .. } = self;
        write!(out, "\n    CPU us per invoice: invoice-app {own:.0}, provider {provider:.0}")?;
        if let Some(counts) = &self.counts {
            write!(out, ", database {database:.0}")?;
            counts.write(out, f64::from(self.invoices))?;
        }
        write!(out, "\n    RSS of invoice-app: {last_rss:.1} MiB at the end, {most_rss:.1} MiB at most")
    }
}
