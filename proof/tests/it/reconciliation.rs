//! The provider's books against ours: what agrees, what is put right, and what a person has to see.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use proof::checksum;
use serde_json::{Value, json};
use testkit::{Engine, Stack, engines};

use crate::caller;
use crate::rows::{execute, number};
use crate::runs::{self, count, ended, invoices, now, post, run, start};

const PATH: &str = "/v1/reconciliation";
/// Leases of 750 ms, so that whatever is older than 1.5 s is compared.
const QUICK: (&str, &str) = ("PROVIDER_TIMEOUT_MS", "250");
const HISTORY: &str = "SELECT COUNT(*) AS n FROM attempts WHERE outcome = 'reconciled'";

fn stack(engine: Engine) -> Stack {
    runs::with(engine, "pleo-go", "1", &[QUICK])
}

/// Compares everything up to now.
async fn reconcile(stack: &Stack) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    let (since, mut last) = (now(), Value::Null);
    while Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // On a busy machine the provider does not always answer within 250 ms.
        let (status, report) = post(stack, PATH, Value::Null).await;
        assert!(status == 200 || status == 503, "{status}: {report}");
        last = report;
        let to = last["reconciled_to"].as_str().and_then(|to| to.parse::<jiff::Timestamp>().ok());
        if to.is_some_and(|to| to.as_microsecond() > since) {
            return last;
        }
    }
    panic!("it was never compared: {last}")
}

/// The provider captures so much for an invoice, and we do not know.
async fn capture(stack: &Stack, invoice: &str, amount: i64, currency: &str) {
    let item = json!({"key": format!("{invoice}:1"), "invoice": invoice, "customer": "c", "amount": amount,
        "currency": currency, "method": "card"});
    let (_, answer) = caller::post(stack, "/pp/rest/v1/charges", json!({"items": [item]})).await;
    assert_eq!(answer["results"][0]["verdict"], "captured", "{answer}");
}

async fn uid(stack: &Stack, id: i64) -> String {
    stack.get(&format!("/v1/invoices/{id}")).await["uid"].as_str().unwrap().to_owned()
}

/// Kinds and states, in the order of kinds.
fn found(report: &Value) -> Vec<(String, String)> {
    let text = |difference: &Value, name: &str| difference[name].as_str().unwrap().to_owned();
    let differences = report["differences"].as_array().unwrap().iter();
    let mut found: Vec<_> = differences.map(|one| (text(one, "kind"), text(one, "state"))).collect();
    found.sort();
    found
}

fn pair(kind: &str, state: &str) -> (String, String) {
    (kind.to_owned(), state.to_owned())
}

/// The value of a metric; 0 when it is not there.
async fn metric(stack: &Stack, name: &str) -> i64 {
    let answer = stack.http.get(format!("{}/metrics", stack.invoices_admin)).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

async fn metric_becomes(stack: &Stack, name: &str, wanted: i64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while metric(stack, name).await != wanted {
        assert!(Instant::now() < deadline, "{name} is {}", metric(stack, name).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_both_sides_agree_nothing_is_found_or_changed() {
    for engine in engines() {
        let stack = runs::stack(engine, "demo", "0.5");
        assert_eq!(stack.get(PATH).await, json!({"unreconciled": [], "differences": []}));
        run(&stack, "due").await;
        let mut stack = stack;
        stack.restart_with(&[QUICK]).await;
        let before = number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM attempts");
        let report = reconcile(&stack).await;
        assert_eq!((&report["differences"], &report["unreconciled"]), (&json!([]), &json!([])));
        assert!(report["checked_at"].is_string(), "{report}");
        assert_eq!(stack.get(PATH).await["differences"], json!([]));
        assert_eq!(number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM attempts"), before);
        assert_eq!(
            number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM run_tallies WHERE run_id IS NULL"),
            0
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_captured_and_not_noticed_is_paid_once_whatever_it_was() {
    for engine in engines() {
        let stack = stack(engine);
        for (id, amount, currency) in [(1, 1215, "EUR"), (2, 1025, "GBP"), (3, 6613, "DKK")] {
            capture(&stack, &uid(&stack, id).await, amount, currency).await;
        }
        execute(&stack.invoices_db, "UPDATE invoices SET state = 'PARKED', next_at = NULL WHERE id = 2");
        let open = format!(
            "UPDATE invoices SET state = 'CHARGING', attempt = 1, method = 'card', last_outcome = 'unknown',
                 next_at = {} WHERE id = 3",
            now() + 3_600_000_000
        );
        execute(&stack.invoices_db, &open);
        let report = reconcile(&stack).await;
        assert_eq!(found(&report), [(); 3].map(|()| pair("captured_not_paid", "repaired")));
        assert_eq!(report["unreconciled"], json!([]), "{report}");
        assert_eq!(invoices(&stack, "state = 'PAID' AND paid_at IS NOT NULL"), 3);
        assert_eq!(number(&stack.invoices_db, HISTORY), 3);
        assert_eq!(proof::invariants::broken(&stack.invoices_db, &stack.provider_db), vec![]);
        let again = reconcile(&stack).await;
        assert_eq!(found(&again).len(), 3);
        assert_eq!(number(&stack.invoices_db, HISTORY), 3, "once");
        let sums = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM run_tallies WHERE outcome = 'captured'";
        assert_eq!(number(&stack.invoices_db, sums), 1215 + 1025 + 6613);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_person_can_judge_stays_visible_with_its_money() {
    for engine in engines() {
        let stack = runs::with(engine, "pleo-go", "1", &[QUICK, ("RECONCILE_EVERY_MS", "100")]);
        capture(&stack, &uid(&stack, 1).await, 1215, "EUR").await;
        assert_eq!(stack.post("/v1/invoices/1/void", "").await.0, 200);
        capture(&stack, &uid(&stack, 2).await, 1026, "GBP").await;
        capture(&stack, "stranger", 5, "EUR").await;
        capture(&stack, &uid(&stack, 3).await, 6613, "DKK").await;
        let report = reconcile(&stack).await;
        let wanted = [
            pair("amount_differs", "parked"),
            pair("captured_not_paid", "repaired"),
            pair("captured_void", "open"),
            pair("unknown_invoice", "open"),
        ];
        assert_eq!(found(&report), wanted, "{report}");
        let open = report["differences"].as_array().unwrap().iter().take(2);
        assert!(open.clone().all(|first| first["state"] == "open"), "the open ones first: {report}");
        assert_eq!(report["unreconciled"], json!([{"value": 12.2, "currency": "EUR"}]));
        assert_eq!(invoices(&stack, "id = 1 AND state = 'VOID'"), 1, "left as it is");
        assert_eq!(invoices(&stack, "id = 2 AND state = 'PARKED'"), 1, "not charged again");
        metric_becomes(&stack, "unreconciled_amount{currency=\"EUR\"}", 1220).await;
        execute(&stack.invoices_db, "UPDATE differences SET state = 'repaired'");
        metric_becomes(&stack, "unreconciled_amount{currency=\"EUR\"}", 0).await;
        assert!(metric(&stack, "reconciliations_total{result=\"done\"}").await > 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_the_provider_did_not_capture_is_found() {
    for engine in engines() {
        let stack = stack(engine);
        let at = now();
        execute(
            &stack.invoices_db,
            &format!(
            "UPDATE invoices SET state = 'PAID', attempt = 1, paid_at = {at}, next_at = NULL WHERE id = 2;
             INSERT INTO run_tallies (round, outcome, reason, currency, invoices, amount, at)
                 VALUES (0, 'captured', '', 'GBP', 1, 1025, {at})"
        ),
        );
        let report = reconcile(&stack).await;
        assert_eq!(found(&report), [pair("paid_not_captured", "open")], "{report}");
        assert_eq!(report["unreconciled"], json!([{"value": 10.25, "currency": "GBP"}]));
        assert_eq!(report["differences"][0]["invoice"], json!(uid(&stack, 2).await));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_still_be_on_its_way_is_left_alone() {
    for engine in engines() {
        // Leases of 30 s.
        let stack = runs::stack(engine, "pleo-go", "1");
        capture(&stack, &uid(&stack, 1).await, 1215, "EUR").await;
        for _ in 0..2 {
            let (status, report) = post(&stack, PATH, Value::Null).await;
            assert_eq!((status, &report["differences"]), (200, &json!([])), "{report}");
        }
        assert_eq!(invoices(&stack, "state = 'PENDING'"), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_that_compare_at_once_find_the_same_and_put_it_right_once() {
    for engine in engines() {
        let stack = stack(engine);
        capture(&stack, &uid(&stack, 1).await, 1215, "EUR").await;
        capture(&stack, &uid(&stack, 2).await, 1, "GBP").await;
        capture(&stack, "stranger", 5, "EUR").await;
        tokio::time::sleep(Duration::from_millis(1_600)).await;
        let answers = join_all((0..8).map(|_| post(&stack, PATH, Value::Null))).await;
        for (status, report) in &answers {
            assert!([200, 503].contains(status), "{status}: {report}");
        }
        let report = reconcile(&stack).await;
        let wanted = [
            pair("amount_differs", "parked"),
            pair("captured_not_paid", "repaired"),
            pair("unknown_invoice", "open"),
        ];
        assert_eq!(found(&report), wanted, "{report}");
        assert_eq!(number(&stack.invoices_db, HISTORY), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_provider_nothing_is_compared_and_that_is_told() {
    for engine in engines() {
        let vars = [("PAYMENT_PROVIDER_ENDPOINT", "https://localhost:1"), ("RECONCILE_EVERY_MS", "100")];
        let stack = runs::with(engine, "pleo-go", "1", &vars);
        let before = checksum::of(&stack.invoices_db);
        assert_eq!(post(&stack, PATH, Value::Null).await.0, 503);
        let deadline = Instant::now() + Duration::from_secs(20);
        while metric(&stack, "reconciliations_total{result=\"failed\"}").await == 0 {
            assert!(Instant::now() < deadline, "nobody is told");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(metric(&stack, "reconciliations_total{result=\"done\"}").await, 0);
        assert_eq!(checksum::of(&stack.invoices_db), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_lost_answer_was_found_this_way_ends() {
    for engine in engines() {
        let stack = stack(engine);
        let id = start(&stack, json!({"scope": "due"})).await;
        assert_eq!(count(&ended(&stack, id).await, "captured"), 3);
        // As if the answer about one of them had been lost, and were asked about again in an hour.
        execute(
            &stack.invoices_db,
            &format!(
                "DELETE FROM run_tallies WHERE outcome = 'captured' AND currency = 'EUR';
             INSERT INTO run_tallies (run_id, round, outcome, reason, currency, invoices, amount, at)
                 VALUES ({id}, 1, 'unknown', '', 'EUR', 1, 1215, 1);
             DELETE FROM attempts WHERE invoice_id = 1;
             UPDATE invoices SET state = 'CHARGING', last_outcome = 'unknown', paid_at = NULL,
                 next_at = {} WHERE id = 1;
             UPDATE billing_runs SET state = 'running', ended_at = NULL",
                now() + 3_600_000_000
            ),
        );
        assert_eq!(count(&stack.get("/v1/billing-runs/1").await, "unknown"), 1);
        let report = reconcile(&stack).await;
        assert_eq!(found(&report), [pair("captured_not_paid", "repaired")], "{report}");
        let run = ended(&stack, id).await;
        let counts = ["captured", "unknown", "in_flight", "remaining"].map(|name| count(&run, name));
        assert_eq!(counts, [3, 0, 0, 0], "{run}");
        assert_eq!(proof::invariants::broken(&stack.invoices_db, &stack.provider_db), vec![]);
        let certificate = stack.get("/v1/billing-runs/1/certificate").await;
        assert_eq!(certificate["reconciled"], json!(true), "{certificate}");
    }
}
