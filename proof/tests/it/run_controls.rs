//! What a person may do with a billing run, or with one invoice.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::{Stack, engines};

use crate::rows::number;
use crate::runs::{change, count, ended, invoices, post, run, slow, stack, start, until};

/// A run over 60 invoices, one after the other, of which some are charged already.
async fn under_way(engine: testkit::Engine) -> Stack {
    let stack = slow(engine, "large:60", 20);
    assert_eq!(start(&stack, json!({"scope": "due"})).await, 1);
    until("a few are paid", || invoices(&stack, "state = 'PAID'") > 2).await;
    stack
}

/// Attempts that were opened so far.
fn opened(stack: &Stack) -> i64 {
    number(&stack.invoices_db, "SELECT CAST(SUM(attempt) AS BIGINT) AS n FROM invoices")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_run_claims_nothing_until_it_is_resumed() {
    for engine in engines() {
        let stack = under_way(engine).await;
        let (status, paused) = change(&stack, 1, "pause").await;
        assert_eq!((status, &paused["state"]), (200, &json!("paused")), "{paused}");
        // A claim that was made at the same moment may still be written.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let before = opened(&stack);
        assert!(before < 60, "it was too late to pause");
        assert_eq!(change(&stack, 1, "pause").await.0, 200, "paused stays paused");
        tokio::time::sleep(Duration::from_millis(1_300)).await;
        assert_eq!(opened(&stack), before, "something was claimed meanwhile");
        let standing = stack.get("/v1/billing-runs/1").await;
        assert_eq!((count(&standing, "in_flight"), count(&standing, "captured")), (0, before), "{standing}");
        assert_eq!((count(&standing, "remaining"), &standing["state"]), (60 - before, &json!("paused")));
        assert!(standing.get("ended_at").is_none(), "{standing}");
        let (status, resumed) = change(&stack, 1, "resume").await;
        assert_eq!((status, &resumed["state"]), (200, &json!("running")));
        let run = ended(&stack, 1).await;
        assert_eq!((&run["state"], count(&run, "captured")), (&json!("finished"), 60));
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_leaves_the_rest_to_a_later_one() {
    for engine in engines() {
        let stack = under_way(engine).await;
        let (status, cancelled) = change(&stack, 1, "cancel").await;
        assert_eq!((status, &cancelled["state"]), (200, &json!("cancelled")), "{cancelled}");
        assert!(cancelled["ended_at"].is_string(), "{cancelled}");
        until("nothing is in flight", || invoices(&stack, "state = 'CHARGING'") == 0).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let left = invoices(&stack, "state = 'PENDING' AND attempt = 0");
        let standing = stack.get("/v1/billing-runs/1").await;
        assert!(left > 0 && count(&standing, "remaining") == left, "{left} are left: {standing}");
        assert_eq!(count(&standing, "captured"), 60 - left, "what was in flight is counted");
        assert_eq!(change(&stack, 1, "cancel").await.0, 200, "cancelled stays cancelled");
        let later = run(&stack, "due").await;
        assert_eq!((count(&later, "expected"), count(&later, "captured")), (left, left));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_has_ended_can_be_changed_no_more() {
    for engine in engines() {
        let stack = stack(engine, "pleo-go", "1");
        run(&stack, "due").await;
        for action in ["pause", "resume", "cancel"] {
            let (status, problem) = change(&stack, 1, action).await;
            assert_eq!((status, &problem["detail"]), (409, &json!("the run is finished")), "{action}");
            assert_eq!(change(&stack, 9, action).await.0, 404, "{action}");
        }
        let id = start(&stack, json!({"scope": "due"})).await;
        let cancelled = change(&stack, id, "cancel").await.1["state"] == "cancelled";
        let wanted = if cancelled { "the run is cancelled" } else { "the run is finished" };
        assert_eq!(change(&stack, id, "resume").await.1["detail"], wanted);
        for path in ["", "/certificate", "/progress"] {
            let url = format!("{}/v1/billing-runs/9{path}", stack.invoices);
            assert_eq!(stack.http.get(url).send().await.unwrap().status(), 404, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_is_created_after_the_start_is_left_to_another_run() {
    for engine in engines() {
        let stack = slow(engine, "pleo-go", 200);
        start(&stack, json!({"scope": "unpaid"})).await;
        let body = json!({"customer_id": 1, "amount": {"value": 1, "currency": "EUR"}});
        assert_eq!(post(&stack, "/v1/invoices", body).await.0, 201);
        assert_eq!(stack.get("/v1/billing-runs/1").await["state"], "running", "it was created in time");
        let run = ended(&stack, 1).await;
        assert_eq!((count(&run, "expected"), count(&run, "captured")), (3, 3));
        assert_eq!(invoices(&stack, "id = 4 AND state = 'PENDING' AND attempt = 0"), 1);
    }
}

async fn collect(stack: &Stack, invoice: i64) -> (u16, Value) {
    post(stack, &format!("/v1/invoices/{invoice}/collect"), Value::Null).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_collected_alone_and_once_however_often_it_is_asked_for() {
    for engine in engines() {
        let stack = slow(engine, "pleo-go", 300);
        let (status, new) = collect(&stack, 2).await;
        assert_eq!((status, &new["scope"], count(&new, "expected")), (202, &json!("ids"), 1), "{new}");
        let (status, again) = collect(&stack, 2).await;
        // It waits to be charged, or it is being charged.
        assert!(status == 409 || (status == 202 && again["id"] == new["id"]), "{again}");
        ended(&stack, 1).await;
        assert_eq!(invoices(&stack, "state = 'PAID' AND id = 2"), 1);
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 1);
        let (status, problem) = collect(&stack, 2).await;
        assert_eq!((status, &problem["detail"]), (409, &json!("the invoice is PAID")));
        assert_eq!(collect(&stack, 9).await.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_whose_collection_was_cancelled_can_be_collected_again() {
    for engine in engines() {
        let stack = slow(engine, "pleo-go", 600);
        start(&stack, json!({"scope": "ids", "ids": [1]})).await;
        // As long as the one slot is taken, nothing else is charged.
        until("the slot is taken", || invoices(&stack, "state = 'CHARGING'") == 1).await;
        let (_, first) = collect(&stack, 3).await;
        assert_eq!(change(&stack, 2, "cancel").await.0, 200, "{first}");
        ended(&stack, 1).await;
        assert_eq!(invoices(&stack, "id = 3 AND state = 'PENDING' AND attempt = 0"), 1, "too late");
        let (status, second) = collect(&stack, 3).await;
        assert_eq!(status, 202);
        assert_ne!(second["id"], first["id"], "the one that was cancelled charges nothing");
        assert_eq!(count(&ended(&stack, second["id"].as_i64().unwrap()).await, "captured"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_newest_first_page_by_page() {
    for engine in engines() {
        let stack = stack(engine, "pleo-go", "0");
        for _ in 0..5 {
            run(&stack, "retryable").await;
        }
        let (mut path, mut ids) = ("/v1/billing-runs?limit=2".to_owned(), Vec::new());
        loop {
            let page = stack.get(&path).await;
            ids.extend(page["items"].as_array().unwrap().iter().map(|run| run["id"].as_i64().unwrap()));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/billing-runs?limit=2&cursor={cursor}");
        }
        assert_eq!(ids, [5, 4, 3, 2, 1]);
        let first = &stack.get("/v1/billing-runs?limit=1").await["items"][0];
        assert_eq!(*first, stack.get("/v1/billing-runs/5").await, "as it is shown alone");
    }
}
