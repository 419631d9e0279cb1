//! Both services as they are deployed, and what must be seen of a refusal.

use contracts::charge::CHARGES_PATH;
use proof::checksum;
use proof::processes::{Service, free_port};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use testkit::client::{plain, with_certificate};
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home};

pub const BODY: &str = r#"{"items":[{"key":"attack:1","invoice":"attack","customer":"c","amount":100,"currency":"EUR","method":"card"}]}"#;

pub struct Lab {
    pub home: Home,
    pub provider: Service,
    pub invoice_app: Service,
    pub provider_url: String,
    pub invoices_url: String,
    pub databases: [Database; 2],
    /// Shows invoice-app's certificate.
    pub caller: reqwest::Client,
    pub http: reqwest::Client,
}

/// Which service refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Provider,
    InvoiceApp,
}

impl Lab {
    pub async fn start(engine: Engine) -> Self {
        let home = Home::new();
        let invoices = Database::fresh(&home, engine, "invoice-app", invoice_app::store::MIGRATIONS);
        let provider =
            Database::fresh(&home, engine, "payment-provider", payment_provider::store::MIGRATIONS);
        let set = "pleo-go".parse().unwrap();
        invoice_app::flows::seed::seed(&invoices.open(), set, service::Clock::system().now()).unwrap();
        let (port, provider_port) = (free_port(), free_port());
        let provider_url = format!("https://localhost:{provider_port}");
        let keys = [("AUTH", "keys".to_owned()), ("API_JWKS_FILE", home.text("keys/operator/jwks.json"))];
        let reload = [("RELOAD_MS", "100".to_owned()), ("ACQUIRER_SUCCESS_RATE", "1".to_owned())];
        let mut own = invoice_app_vars(&home, &invoices.url, &provider_url);
        own.extend(keys);
        let mut theirs = provider_vars(&home, &provider.url);
        theirs.extend(reload);
        let mut lab = Self {
            provider: Service::new(&home, "payment-provider", provider_port, theirs),
            invoice_app: Service::new(&home, "invoice-app", port, own),
            provider_url,
            invoices_url: format!("http://localhost:{port}"),
            databases: [invoices, provider],
            caller: with_certificate(&home.path("pki/invoice-app")),
            http: plain(),
            home,
        };
        lab.provider.start(&lab.http).await;
        lab.invoice_app.start(&lab.http).await;
        lab
    }

    /// A charge by the right certificate, still without a token.
    pub fn charge(&self) -> RequestBuilder {
        self.charge_by(&self.caller)
    }

    pub fn charge_by(&self, client: &reqwest::Client) -> RequestBuilder {
        let url = format!("{}{CHARGES_PATH}", self.provider_url);
        client.request(Method::POST, url).header("content-type", "application/json").body(BODY)
    }

    pub fn checksum(&self) -> [u64; 2] {
        [0, 1].map(|at| checksum::of(&self.databases[at].open()))
    }

    fn service(&self, at: At) -> &Service {
        if at == At::Provider { &self.provider } else { &self.invoice_app }
    }

    fn audit(&self, at: At) -> Vec<Value> {
        let log = self.service(at).log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["target"] == "audit").collect()
    }

    async fn counted(&self, at: At, reason: &str) -> u64 {
        self.service(at).sum(&self.http, "auth_refusals_total", &[("reason", reason)]).await
    }

    /// Sends a request that must be refused: with this status and not a word more, for this reason in one audit line
    /// and in the metric, and without a trace in any table.
    pub async fn refused(&self, case: &str, at: At, request: RequestBuilder, wanted: (u16, &str)) -> Value {
        let (status, reason) = wanted;
        let (rows, lines, count) = (self.checksum(), self.audit(at).len(), self.counted(at, reason).await);
        let answer = request.send().await.unwrap_or_else(|e| panic!("{case}: no answer: {e:?}"));
        let (got, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        let audit = self.audit(at);
        let line = audit.last().cloned().unwrap_or_default();
        assert_eq!((got, line["reason"].as_str()), (status, Some(reason)), "{case}: {text}");
        tells_nothing(case, &text);
        assert_eq!(audit.len(), lines + 1, "{case}: audit lines");
        assert_eq!(self.counted(at, reason).await, count + 1, "{case}: metric");
        assert_eq!(self.checksum(), rows, "{case}: rows changed");
        line
    }
}

/// Only what kind of refusal it is, never why.
fn tells_nothing(case: &str, text: &str) {
    let body: Value = serde_json::from_str(text).unwrap_or_else(|_| panic!("{case}: {text}"));
    let mut members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["status", "title", "trace_id", "type"], "{case}: {text}");
    assert!(["unauthorized", "forbidden"].contains(&body["title"].as_str().unwrap()), "{case}: {text}");
}
