//! When an invoice is tried again after a decline, and when it is set aside.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use testkit::{Engine, Options, Stack, engines};

use crate::rows::{execute, now, number};
use crate::runs::{change, count, customer, due_now, ended, invoices, run, start, until};

/// The standard policy, changed, as a file in a folder of its own.
struct Policy(tempfile::TempDir);

impl Policy {
    fn new(changes: &[(&str, &str)]) -> Self {
        let policy = Self(tempfile::tempdir().unwrap());
        policy.becomes(changes);
        policy
    }

    fn becomes(&self, changes: &[(&str, &str)]) {
        let mut text = include_str!("../../../invoice-app/retry-policy.toml").to_owned();
        for (old, new) in changes {
            assert!(text.contains(old), "{old} is not in the policy");
            text = text.replace(old, new);
        }
        std::fs::write(self.0.path().join("policy.toml"), text).unwrap();
    }

    fn var(&self) -> (&'static str, String) {
        ("RETRY_POLICY_FILE", self.0.path().join("policy.toml").display().to_string())
    }
}

/// Everything is declined with this code.
fn declining(engine: Engine, code: &str, vars: Vec<(&'static str, String)>) -> Stack {
    let declines = ("ACQUIRER_DECLINES", format!("{code}=1"));
    let provider = vec![("ACQUIRER_SUCCESS_RATE", "0".to_owned()), declines];
    Stack::start(engine, Options { provider, invoice_app: vars, ..Options::default() })
}

async fn invoice(stack: &Stack) -> Value {
    stack.get("/v1/invoices/1").await
}

/// After how many of the customer's days, and at which hour, an invoice is tried again.
fn planned(invoice: &Value, zone: &str) -> (i32, i8) {
    let next: Timestamp = invoice["next_at"].as_str().unwrap().parse().unwrap();
    let next = next.in_tz(zone).unwrap();
    let today = now().in_tz(zone).unwrap().date();
    (today.until(next.date()).unwrap().get_days(), next.hour())
}

#[tokio::test(flavor = "multi_thread")]
async fn after_1_3_5_and_7_of_the_customers_days_it_is_tried_again_and_then_set_aside() {
    for engine in engines() {
        let zone = "Asia/Tokyo";
        let stack = declining(engine, "insufficient_funds", vec![]);
        customer(&stack, json!({"currency": "EUR", "time_zone": zone})).await;
        for (attempt, days) in [(1, 1), (2, 3), (3, 5), (4, 7)] {
            due_now(&stack);
            assert_eq!(count(&run(&stack, "due").await, "declined"), 1);
            let shown = invoice(&stack).await;
            let (after, hour) = planned(&shown, zone);
            // Spread over an hour from 8 on, the very end of which is 9.
            assert!(after == days && (8..=9).contains(&hour), "attempt {attempt}: {shown}");
            let next = shown["next_at"].as_str().unwrap();
            let sentence = format!("next attempt {next} because insufficient_funds, retry {attempt} of 4");
            assert_eq!((&shown["explanation"], &shown["attempts"]), (&json!(sentence), &json!(attempt)));
            let history = stack.get("/v1/invoices/1/attempts").await;
            let last = history["items"].as_array().unwrap().last().unwrap();
            assert_eq!((&last["next_at"], &last["run_id"]), (&shown["next_at"], &json!(attempt)));
        }
        due_now(&stack);
        let last = run(&stack, "due").await;
        assert_eq!((count(&last, "parked"), count(&last, "declined"), count(&last, "remaining")), (1, 0, 0));
        assert_eq!(last["failures"], json!([{"reason": "insufficient_funds", "invoices": 1}]));
        let shown = invoice(&stack).await;
        let sentence =
            "set aside after attempt 5 because insufficient_funds: correct what is wrong, then release it";
        assert_eq!((&shown["state"], &shown["explanation"]), (&json!("PARKED"), &json!(sentence)));
        for scope in ["due", "retryable", "unpaid"] {
            assert_eq!(count(&run(&stack, scope).await, "expected"), 0, "{scope}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_time_heals_is_set_aside_at_once() {
    for engine in engines() {
        let stack = declining(engine, "stolen_card", vec![]);
        customer(&stack, json!({"currency": "EUR"})).await;
        let run = run(&stack, "due").await;
        assert_eq!((count(&run, "parked"), &run["failures"][0]["reason"]), (1, &json!("stolen_card")));
        let shown = invoice(&stack).await;
        assert_eq!(
            (&shown["state"], &shown["attempts"], &shown["reason"]),
            (&json!("PARKED"), &json!(1), &json!("stolen_card"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_in_the_file_is_the_one_that_holds() {
    for engine in engines() {
        let policy = Policy::new(&[("[1, 3, 5, 7]", "[2]"), ("morning = 8", "morning = 20")]);
        let stack = declining(engine, "insufficient_funds", vec![policy.var()]);
        customer(&stack, json!({"currency": "EUR"})).await;
        run(&stack, "due").await;
        let shown = invoice(&stack).await;
        let (days, hour) = planned(&shown, "UTC");
        assert!(days == 2 && (20..=21).contains(&hour), "{shown}");
        assert!(shown["explanation"].as_str().unwrap().ends_with("retry 1 of 1"), "{shown}");
        due_now(&stack);
        assert_eq!(count(&run(&stack, "due").await, "parked"), 1);
        let policy = Policy::new(&[("\"stolen_card\"", "\"insufficient_funds\"")]);
        let stack = declining(engine, "insufficient_funds", vec![policy.var()]);
        customer(&stack, json!({"currency": "EUR"})).await;
        assert_eq!(count(&run(&stack, "due").await, "parked"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_the_table_that_it_began_with() {
    for engine in engines() {
        let policy = Policy::new(&[("[1, 3, 5, 7]", "[2, 2]")]);
        let one = |name| (name, "1".to_owned());
        let provider =
            vec![("ACQUIRER_SUCCESS_RATE", "0".to_owned()), ("ACQUIRER_LATENCY_MS", "300".to_owned())];
        let invoice_app = vec![policy.var(), one("CHARGE_BATCH_SIZE"), one("CHARGES_IN_FLIGHT")];
        let mut stack = Stack::start(
            engine,
            Options { data: Some("pleo-go"), provider, invoice_app, ..Options::default() },
        );
        start(&stack, json!({"scope": "due"})).await;
        until("the first is asked about", || invoices(&stack, "attempt = 1") == 1).await;
        assert_eq!(change(&stack, 1, "pause").await.0, 200);
        policy.becomes(&[("[1, 3, 5, 7]", "[9, 9]")]);
        stack.restart().await;
        assert_eq!(invoices(&stack, "attempt = 0"), 2, "it was paused in time");
        assert_eq!(change(&stack, 1, "resume").await.0, 200);
        assert_eq!(count(&ended(&stack, 1).await, "declined"), 3);
        for id in 1..=3 {
            let shown = stack.get(&format!("/v1/invoices/{id}")).await;
            assert_eq!(planned(&shown, "UTC").0, 2, "{shown}");
        }
        assert_eq!(count(&run(&stack, "retryable").await, "declined"), 3);
        assert_eq!(planned(&invoice(&stack).await, "UTC").0, 9, "a later run begins with the new one");
    }
}

/// So many attempts were made, and none more is planned for the coming four weeks.
async fn held_back(stack: &Stack, what: &str) {
    let shown = invoice(stack).await;
    assert_eq!((&shown["attempts"], &shown["state"]), (&json!(2), &json!("PENDING")), "{what}: {shown}");
    let next: Timestamp = shown["next_at"].as_str().unwrap().parse().unwrap();
    assert!(next > now() + (29 * 24).hours(), "{what}: {shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_card_networks_do_not_allow_is_not_tried_whoever_asks() {
    for engine in engines() {
        let policy = Policy::new(&[("attempts = 15", "attempts = 2")]);
        let stack = declining(engine, "insufficient_funds", vec![policy.var()]);
        customer(&stack, json!({"currency": "EUR"})).await;
        run(&stack, "due").await;
        assert_eq!(count(&run(&stack, "retryable").await, "declined"), 1, "a second one is allowed");
        held_back(&stack, "the second decline").await;
        for scope in ["due", "retryable", "unpaid"] {
            assert_eq!(crate::runs::preview(&stack, scope).await["invoices"], 0, "{scope}");
            assert_eq!(count(&run(&stack, scope).await, "expected"), 0, "{scope}");
            held_back(&stack, scope).await;
        }
        let id = start(&stack, json!({"scope": "ids", "ids": [1]})).await;
        assert_eq!(count(&ended(&stack, id).await, "expected"), 0);
        let (status, new) = crate::runs::post(&stack, "/v1/invoices/1/collect", Value::Null).await;
        assert_eq!(status, 202, "{new}");
        assert_eq!(count(&ended(&stack, new["id"].as_i64().unwrap()).await, "expected"), 0);
        held_back(&stack, "ids and collect").await;
        execute(&stack.invoices_db, "UPDATE invoices SET state = 'PARKED', next_at = NULL");
        assert_eq!(stack.post("/v1/invoices/1/release", "").await.0, 200);
        held_back(&stack, "released").await;
        assert_eq!(stack.post("/rest/v1/invoices/pay", "").await.0, 200);
        assert_eq!(invoice(&stack).await["attempts"], 3, "nothing is held against older clients");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_that_are_old_enough_are_held_against_nobody() {
    for engine in engines() {
        let policy = Policy::new(&[("attempts = 15", "attempts = 2")]);
        let stack = declining(engine, "insufficient_funds", vec![policy.var()]);
        customer(&stack, json!({"currency": "EUR"})).await;
        run(&stack, "due").await;
        run(&stack, "retryable").await;
        let (_, refused) = crate::runs::post(&stack, "/v1/invoices/1/collect", Value::Null).await;
        ended(&stack, refused["id"].as_i64().unwrap()).await;
        execute(&stack.invoices_db, "UPDATE attempts SET started_at = started_at - 2678400000000");
        let (_, new) = crate::runs::post(&stack, "/v1/invoices/1/collect", Value::Null).await;
        assert_eq!(count(&ended(&stack, new["id"].as_i64().unwrap()).await, "declined"), 1, "{new}");
        assert_eq!(number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM attempts"), 3);
    }
}
