//! Payments without a pause: invoices are created and billed for as long as a drill lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use proof::invariants::{broken, open};
use tokio::task::JoinHandle;

use crate::running::{Running, until};

/// Callers that create invoices, each as fast as it is answered.
const CREATORS: usize = 4;
/// New captures that show that payments went on after a step.
const MORE: u64 = 60;
const CAPTURED: &str = "provider_charges_total{verdict=\"captured\"}";

pub(crate) struct Payments {
    stop: Arc<AtomicBool>,
    created: Arc<AtomicU64>,
    running: Vec<JoinHandle<()>>,
}

/// The one customer, number 1.
pub(crate) async fn customer(all: &Running) {
    let customer = serde_json::json!({"currency": "EUR"});
    let answer = all.http.post(format!("{}/v1/customers", all.url)).json(&customer).send().await;
    assert_eq!(answer.expect("an answer").status(), 201);
}

impl Payments {
    pub(crate) async fn start(all: &Running) -> Self {
        customer(all).await;
        let (stop, created) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut payments = Self { stop, created, running: Vec::new() };
        let invoice = serde_json::json!({"customer_id": 1, "amount": {"value": 9.99, "currency": "EUR"}});
        for _ in 0..CREATORS {
            payments.repeat(all, "/v1/invoices", Some(invoice.clone()), Duration::ZERO);
        }
        payments.repeat(all, "/rest/v1/billing", None, Duration::from_millis(20));
        payments.go_on(all).await;
        payments
    }

    fn repeat(&mut self, all: &Running, path: &str, body: Option<serde_json::Value>, pause: Duration) {
        let (http, url) = (all.http.clone(), format!("{}{path}", all.url));
        let (stop, created) = (Arc::clone(&self.stop), Arc::clone(&self.created));
        self.running.push(tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                let request = http.post(&url);
                let request = if let Some(body) = &body { request.json(body) } else { request };
                let answer = request.send().await.expect("invoice-app answers");
                assert!(answer.status().is_success(), "{url}: {}", answer.status());
                created.fetch_add(u64::from(body.is_some()), Ordering::SeqCst);
                tokio::time::sleep(pause).await;
            }
        }));
    }

    /// Waits until enough has been paid since now.
    pub(crate) async fn go_on(&self, all: &Running) {
        let before = all.provider.metric(&all.http, CAPTURED).await;
        let enough = async || all.provider.metric(&all.http, CAPTURED).await >= before + MORE;
        until("payments go on", enough).await;
    }

    /// Ends them, and looks at everything: each was paid, once, at the first attempt, and no request was refused.
    pub(crate) async fn end(self, all: &Running) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        for one in self.running {
            one.await.expect("a caller that was always answered");
        }
        let answer = all.http.post(format!("{}/rest/v1/invoices/pay", all.url)).send().await;
        assert_eq!(answer.expect("an answer").text().await.expect("text"), "true");
        let (invoices, charges) = (all.invoices.open(), all.charges.open());
        assert_eq!((open(&invoices), broken(&invoices, &charges)), (0, vec![]));
        let created = self.created.load(Ordering::SeqCst);
        let captured = all.provider.metric(&all.http, CAPTURED).await;
        assert_eq!(created, captured, "a charge was asked for twice");
        assert_eq!(all.provider.sum(&all.http, "auth_refusals_total", &[]).await, 0);
        for outcome in ["declined", "unknown", "not_attempted", "parked"] {
            let of = [("outcome", outcome)];
            let count = all.invoice_app.sum(&all.http, "invoice_charges_total", &of).await;
            assert_eq!(count, 0, "{outcome}");
        }
        let log = all.invoice_app.log();
        let failed: Vec<&str> = log.lines().filter(|line| line.contains("charge request failed")).collect();
        assert_eq!(failed, [""; 0]);
        created
    }
}
