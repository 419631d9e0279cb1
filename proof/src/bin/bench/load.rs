//! Load on the payment provider: what invoice-app's own client asks, from several callers at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::Money;
use contracts::charge::{CHARGES_PATH, Method, Verdict};
use invoice_app::clients::provider::Provider;
use invoice_app::domain::invoice::Origin;
use invoice_app::domain::settle::{Before, OpenCharge, Outcome};
use invoice_app::settings::Settings;
use proof::processes::{Service, free_port};
use service::metrics::Metrics;
use service::trace::{Kind, Span};
use service::{Clock, Vars};
use testkit::client::{signer, with_certificate};
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, client};

use super::cpu;

/// One batch in so many is part of a trace that is recorded.
const RECORDED: usize = 10;

/// A running payment provider, and the client that invoice-app has for it.
pub struct Target {
    /// Its rows.
    pub database: Database,
    home: Home,
    service: Service,
    client: Arc<Provider>,
    /// Where it listens.
    pub url: String,
}

impl Target {
    /// Starts a provider that approves everything.
    pub async fn start(engine: Engine) -> Self {
        Self::start_with(engine, &[]).await
    }

    /// The same with further variables.
    pub async fn start_with(engine: Engine, more: &[(&'static str, String)]) -> Self {
        let home = Home::new();
        let name = "payment-provider";
        let database = Database::fresh(&home, engine, name, payment_provider::store::MIGRATIONS);
        let mut vars = provider_vars(&home, &database.url);
        vars.push(("ACQUIRER_SUCCESS_RATE", "1".to_owned()));
        vars.extend_from_slice(more);
        let port = free_port();
        let mut service = Service::new(&home, name, port, vars);
        service.start(&client::plain()).await;
        let url = format!("https://localhost:{port}");
        // As invoice-app would read it; its own database is not opened.
        let vars = Vars::fixed(invoice_app_vars(&home, "sqlite://unused.sqlite", &url));
        let settings = Settings::read(&vars).expect("settings");
        let calls = Metrics::new().and_then(|metrics| metrics.calls("payment-provider")).expect("metrics");
        let client = Provider::new(settings.engine.provider.access, Clock::system(), calls);
        Self { database, home, service, client: Arc::new(client), url }
    }

    /// Where it is scraped.
    pub fn admin(&self) -> &str {
        self.service.admin()
    }

    /// CPU time that it took so far.
    pub fn cpu(&self) -> Duration {
        cpu::of_process(self.service.id())
    }

    /// Spans that reached the collector.
    pub async fn exported(&self) -> u64 {
        let metrics = self.service.metrics(&client::plain()).await;
        let of = |line: &&str| {
            line.starts_with("telemetry_exported_total{") && line.contains("sent") && line.contains("traces")
        };
        let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok());
        metrics.lines().filter(of).filter_map(value).sum()
    }

    /// The gate is there: a request without a token is refused.
    pub async fn refuses(&self) {
        let http = with_certificate(&self.home.path("pki/invoice-app"));
        let answer = http.post(format!("{}{CHARGES_PATH}", self.url)).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 401);
    }

    /// One good charge.
    pub async fn charge_one(&self) {
        let results = self.client.charge(&[charge()]).await.expect("a verdict");
        assert!(matches!(results.as_slice(), [Outcome::Verdict(Verdict::Captured, Some(_))]), "{results:?}");
    }

    /// A client with the right certificate.
    pub fn stranger(&self) -> reqwest::Client {
        with_certificate(&self.home.path("pki/invoice-app"))
    }

    /// The header of a token that is good but for one bit of its signature: the dearest one to refuse.
    pub fn tampered_token(&self) -> String {
        let now = Clock::system().seconds();
        let token = signer(&self.home).sign("GET", CHARGES_PATH, b"", now).expect("a token");
        let (message, signature) = token.rsplit_once('.').expect("a signature");
        let first = if signature.starts_with('A') { 'B' } else { 'A' };
        format!("Bearer {message}.{first}{}", &signature[1..])
    }

    /// Charges per second of `callers` that send batches of `size` one after the other.
    pub async fn charges_per_second(&self, size: usize, callers: usize, time: Duration) -> f64 {
        let started = Instant::now();
        let calling: Vec<_> = (0..callers)
            .map(|_| tokio::spawn(call(Arc::clone(&self.client), size, started + time)))
            .collect();
        let mut charges = 0;
        for caller in calling {
            charges += caller.await.expect("a caller");
        }
        f64::from(u32::try_from(charges).expect("a count")) / started.elapsed().as_secs_f64()
    }
}

async fn call(client: Arc<Provider>, size: usize, until: Instant) -> usize {
    let (mut done, mut batches) = (0, 0);
    while Instant::now() < until {
        let charges: Vec<OpenCharge> = (0..size).map(|_| charge()).collect();
        // As when one trace of ten is recorded: whoever exports records what the caller does.
        let cause = (batches % RECORDED == 0).then(recorded);
        let span = Span::caused(Kind::Internal, "charge", cause.as_deref());
        let results = span.run(client.charge(&charges)).await.expect("verdicts");
        assert!(results.iter().all(|result| matches!(result, Outcome::Verdict(Verdict::Captured, Some(_)))));
        (done, batches) = (done + size, batches + 1);
    }
    done
}

/// The trace context of somebody who records.
fn recorded() -> String {
    let id = || service::id::uuid(Clock::system().now()).replace('-', "");
    // The second half of a UUIDv7 is its random part.
    format!("00-{}-{}-01", id(), &id()[16..])
}

fn charge() -> OpenCharge {
    let invoice_uid = service::id::uuid(Clock::system().now());
    OpenCharge {
        invoice_id: 1,
        customer_id: 1,
        user: None,
        origin: Origin::Api,
        traceparent: None,
        customer_uid: invoice_uid.clone(),
        invoice_uid,
        amount: Money { minor: 1999, currency: "EUR".parse().expect("a currency") },
        method: Method::Card,
        attempt: 1,
        epoch: 1,
        resend: false,
        time_zone: "UTC".into(),
        run_id: None,
        asked: 0,
        place: String::new(),
        before: Before { due_at: 0, outcome: None, code: None },
    }
}
