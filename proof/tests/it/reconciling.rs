//! When the books are compared, by whom, and what that means for a run.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use proof::checksum;
use serde_json::{Value, json};
use testkit::engines;

use crate::books::{HISTORY, PATH, QUICK, capture, found, metric, pair, reconcile, stack, uid};
use crate::rows::{execute, number};
use crate::runs::{self, count, ended, invoices, now, post, start};

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
        let mut stack = runs::stack(engine, "pleo-go", "1");
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
        stack.restart_with(&[QUICK]).await;
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
