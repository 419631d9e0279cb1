//! What else than a payment or a decline may come of an attempt.

use serde_json::{Value, json};
use testkit::{Options, Stack, engines};

use crate::caller;
use crate::older_provider::{OlderProvider, Reply, raw};
use crate::rows::{execute, number};
use crate::runs::{count, customer, ended, invoices, now, run, start, until};

/// What older clients see of an invoice, and whether it is set aside.
async fn shown(stack: &Stack, id: i64) -> (Value, Value, Value) {
    let older = stack.get(&format!("/rest/v1/invoices/{id}")).await;
    let invoice = stack.get(&format!("/v1/invoices/{id}")).await;
    (older["status"].clone(), invoice["state"].clone(), invoice["reason"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_of_wallets_are_told_apart_by_what_is_missing() {
    for engine in engines() {
        let stack = Stack::start(engine, Options::default());
        let mut uids = Vec::new();
        for _ in 0..4 {
            let wallet = customer(&stack, json!({"currency": "EUR", "method": "wallet"})).await;
            uids.push(wallet["uid"].clone());
        }
        for (uid, currency) in uids[1..].iter().zip(["USD", "EUR", "EUR"]) {
            let account = json!({"customer": uid, "currency": currency});
            assert_eq!(caller::post(&stack, "/pp/rest/v1/accounts", account).await.0, 201);
        }
        let path = format!("/pp/rest/v1/accounts/{}/deposits", uids[3].as_str().unwrap());
        let deposit = json!({"key": "d", "amount": 1000, "currency": "EUR"});
        assert_eq!(caller::post(&stack, &path, deposit).await.0, 200);
        let run = run(&stack, "due").await;
        let counts = ["parked", "declined", "captured", "remaining"].map(|name| count(&run, name));
        assert_eq!(counts, [2, 1, 1, 0], "{run}");
        let parked = |status: &str, reason: &str| (json!(status), json!("PARKED"), json!(reason));
        assert_eq!(shown(&stack, 1).await, parked("ERROR_CUSTOMER_NOT_FOUND", "unknown_customer"));
        assert_eq!(shown(&stack, 2).await, parked("ERROR_CURRENCY_MISMATCH", "currency_mismatch"));
        let declined = (json!("ERROR_NO_BALANCE"), json!("PENDING"), json!("insufficient_funds"));
        assert_eq!(shown(&stack, 3).await, declined);
        assert_eq!(shown(&stack, 4).await, (json!("PAID"), json!("PAID"), Value::Null));
    }
}

/// One customer with one invoice before a provider that says what it is told to; asked again after `first` ms.
pub(crate) async fn before(
    engine: testkit::Engine,
    provider: &OlderProvider,
    first: &str,
) -> (Stack, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    let standard = include_str!("../../../invoice-app/retry-policy.toml");
    let waits = standard.replace("first_wait_ms = 300000", &format!("first_wait_ms = {first}"));
    let waits = waits.replace("longest_wait_ms = 21600000", "longest_wait_ms = 8640000000");
    std::fs::write(home.path().join("policy.toml"), waits).unwrap();
    let invoice_app = vec![
        ("PAYMENT_PROVIDER_ENDPOINT", provider.url("/pp/rest/v1/charge")),
        ("CHARGE_KEY_FILE", String::new()),
        ("RETRY_POLICY_FILE", home.path().join("policy.toml").display().to_string()),
    ];
    let stack = Stack::start(engine, Options { invoice_app, ..Options::default() });
    customer(&stack, json!({"currency": "EUR"})).await;
    (stack, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_asked_about_with_its_key_until_it_is_known() {
    for engine in engines() {
        let provider = OlderProvider::start();
        provider.memory().script.extend([Reply::Lost, raw(500, "", ""), raw(503, "", "")]);
        let (stack, _home) = before(engine, &provider, "20").await;
        let id = start(&stack, json!({"scope": "due"})).await;
        until("it is unknown", || invoices(&stack, "last_outcome = 'unknown'") == 1).await;
        let standing = stack.get(&format!("/v1/billing-runs/{id}")).await;
        assert_eq!((count(&standing, "remaining"), &standing["state"]), (1, &json!("running")), "{standing}");
        let run = ended(&stack, id).await;
        let counts = ["captured", "unknown", "remaining"].map(|name| count(&run, name));
        assert_eq!(counts, [1, 0, 0], "it is waited for: {run}");
        let memory = provider.memory();
        let first = &memory.requests[0];
        assert!(memory.requests.len() >= 4 && first.headers["idempotency-key"].ends_with(":1"));
        assert!(memory.requests.iter().all(|again| again.body == first.body
            && again.headers["idempotency-key"] == first.headers["idempotency-key"]));
        assert_eq!(memory.captured.len(), 1);
        drop(memory);
        assert_eq!(number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM attempts"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_more_often_it_was_asked_about_the_longer_it_is_left_alone() {
    for engine in engines() {
        let provider = OlderProvider::start();
        provider.memory().otherwise = raw(500, "", "");
        let (stack, _home) = before(engine, &provider, "10").await;
        start(&stack, json!({"scope": "due"})).await;
        until("it was asked about again", || invoices(&stack, "asked >= 2") == 1).await;
        // 10 ms doubled 40 times is more than the longest wait, 100 days, of which a random part is taken.
        // Again and again: an attempt that was under way counts on from where it began.
        until("it was asked about once more", || {
            let now = now();
            let often = format!(
                "UPDATE invoices SET asked = 40, next_at = {now} WHERE asked < 40 AND leased_until IS NULL"
            );
            execute(&stack.invoices_db, &often);
            invoices(&stack, "asked = 41 AND last_outcome = 'unknown'") == 1
        })
        .await;
        let hour = 3_600_000_000;
        until("it is left alone", || invoices(&stack, &format!("next_at > {}", now() + hour)) == 1).await;
        let (longest, asked) = (8_640_000_000_000, provider.memory().requests.len());
        assert_eq!(invoices(&stack, &format!("next_at <= {}", now() + longest)), 1);
        tokio::time::sleep(std::time::Duration::from_millis(1_300)).await;
        assert_eq!(provider.memory().requests.len(), asked, "it is not asked about meanwhile");
    }
}
