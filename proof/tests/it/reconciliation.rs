//! The provider's books against ours: what agrees, what is put right, and what a person has to see.

use serde_json::json;
use testkit::engines;

use crate::books::{
    HISTORY, PATH, QUICK, capture, found, metric, metric_becomes, pair, reconcile, stack, uid,
};
use crate::rows::{execute, number};
use crate::runs::{self, invoices, now, run};

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
