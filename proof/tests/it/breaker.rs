//! A provider that cannot take anything is left alone, and costs no attempt.

use std::time::Duration;

use serde_json::json;
use testkit::{Options, Stack, engines};

use crate::older_provider::{OlderProvider, Reply, raw};
use crate::runs::{count, ended, invoices, now, start};

const BUSY: &str = r#"{"type":"urn:antaeus:problem:busy","title":"later","status":503}"#;
const WATCHED: Duration = Duration::from_millis(2_500);

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_busy_is_asked_now_and_then_and_the_run_goes_on_when_it_is_not() {
    for engine in engines() {
        let provider = OlderProvider::start();
        provider.memory().otherwise = raw(503, "Retry-After: 1\r\n", BUSY);
        let invoice_app = vec![
            ("PAYMENT_PROVIDER_ENDPOINT", provider.url("/pp/rest/v1/charge")),
            ("CHARGE_KEY_FILE", String::new()),
        ];
        let stack =
            Stack::start(engine, Options { data: Some("large:40"), invoice_app, ..Options::default() });
        let id = start(&stack, json!({"scope": "due"})).await;
        tokio::time::sleep(WATCHED).await;
        let asked = provider.memory().requests.len();
        // Four that were under way together, at first, and then about one a second.
        assert!((2..=4 * 3).contains(&asked), "{asked} requests");
        let standing = stack.get(&format!("/v1/billing-runs/{id}")).await;
        assert_eq!(
            (&standing["state"], count(&standing, "remaining")),
            (&json!("running"), 40),
            "{standing}"
        );
        // One of them may be on its way again.
        let waiting = "state = 'PENDING' AND attempt = 0 AND last_outcome IS NULL";
        assert!(invoices(&stack, waiting) >= 36, "{}", invoices(&stack, waiting));
        provider.memory().otherwise = Reply::Captured;
        let back = std::time::Instant::now();
        let run = ended(&stack, id).await;
        assert!(back.elapsed() < Duration::from_secs(10), "it was noticed after {:?}", back.elapsed());
        assert_eq!((count(&run, "captured"), count(&run, "unknown")), (40, 0));
        assert_eq!(invoices(&stack, "state = 'PAID' AND attempt = 1"), 40, "no attempt was lost");
        assert_eq!(provider.memory().captured.len(), 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_wants_more_time_is_left_alone_for_longer() {
    for engine in engines() {
        let provider = OlderProvider::start();
        provider.memory().otherwise = raw(503, "Retry-After: 60\r\n", BUSY);
        let invoice_app = vec![
            ("PAYMENT_PROVIDER_ENDPOINT", provider.url("/pp/rest/v1/charge")),
            ("CHARGE_KEY_FILE", String::new()),
        ];
        let stack =
            Stack::start(engine, Options { data: Some("large:40"), invoice_app, ..Options::default() });
        start(&stack, json!({"scope": "due"})).await;
        tokio::time::sleep(WATCHED).await;
        let asked = provider.memory().requests.len();
        // Those that were under way when the first was turned away.
        assert!((1..=8).contains(&asked), "{asked} requests");
        assert_eq!(invoices(&stack, "state = 'PENDING' AND attempt = 0"), 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acquirer_that_is_down_costs_no_attempt_of_a_run() {
    for engine in engines() {
        let provider = vec![("ACQUIRER_FAULT_RATE", "1".to_owned())];
        let stack = Stack::start(engine, Options { data: Some("demo"), provider, ..Options::default() });
        start(&stack, json!({"scope": "due"})).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        let standing = stack.get("/v1/billing-runs/1").await;
        assert_eq!((&standing["state"], count(&standing, "unknown")), (&json!("running"), 0), "{standing}");
        assert_eq!(standing["failures"], json!([]), "nothing was tried");
        assert_eq!(invoices(&stack, "last_outcome IS NULL AND state <> 'PAID'"), 11);
        assert_eq!(crate::rows::number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_provider_makes_few_outcomes_unknown() {
    for engine in engines() {
        let invoice_app = vec![
            ("PAYMENT_PROVIDER_ENDPOINT", "https://localhost:1".to_owned()),
            ("CHARGE_BATCH_SIZE", "10".to_owned()),
        ];
        let stack =
            Stack::start(engine, Options { data: Some("large:1000"), invoice_app, ..Options::default() });
        let began = now();
        start(&stack, json!({"scope": "due"})).await;
        tokio::time::sleep(WATCHED).await;
        let tried = invoices(&stack, "attempt > 0");
        // Four batches together, two until it opens, and one after each of its waits, which double from 0.1 s on.
        assert!((10..=130).contains(&tried), "{tried} in {} ms", (now() - began) / 1_000);
        assert_eq!(invoices(&stack, "state = 'PENDING' AND attempt = 0"), 1_000 - tried);
    }
}
