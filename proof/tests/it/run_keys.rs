//! What names a billing run, so that nothing is started twice, and what cannot be started at all.

use futures_util::future::join_all;
use proof::checksum;
use serde_json::{Value, json};
use testkit::{Stack, engines};

use crate::rows::number;
use crate::runs::{count, ended, post, stack};

const RUNS: &str = "SELECT COUNT(*) AS n FROM billing_runs";

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_triggers_of_one_scope_key_at_once_are_one_run() {
    for engine in engines() {
        let stack = stack(engine, "demo", "1");
        let body = json!({"scope": "due", "scope_key": "friday"});
        let answers = join_all((0..16).map(|_| post(&stack, "/v1/billing-runs", body.clone()))).await;
        let new: Vec<&Value> =
            answers.iter().filter(|answer| answer.0 == 201).map(|answer| &answer.1).collect();
        let [new] = new[..] else { panic!("{answers:?}") };
        let same = answers.iter().filter(|(status, run)| *status == 200 && run["id"] == new["id"]).count();
        assert_eq!(same, 15, "{answers:?}");
        let run = ended(&stack, new["id"].as_i64().unwrap()).await;
        assert_eq!((&run["scope_key"], count(&run, "expected")), (&json!("friday"), 11), "{run}");
        assert_eq!(number(&stack.invoices_db, RUNS), 1);
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 11);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_key_stands_for_one_scope() {
    for engine in engines() {
        let stack = stack(engine, "pleo-go", "1");
        let ask = |scope: &str| {
            let body = json!({"scope": scope, "scope_key": "friday"});
            post(&stack, "/v1/billing-runs", body)
        };
        assert_eq!(ask("due").await.0, 201);
        let (status, problem) = ask("unpaid").await;
        assert_eq!((status, &problem["detail"]), (409, &json!("run 1 over due has this scope key")));
        ended(&stack, 1).await;
        let (status, run) = ask("due").await;
        assert_eq!((status, &run["state"]), (200, &json!("finished")), "even when it has ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_idempotency_key_gives_the_same_run_and_another_body_names_what_differs() {
    for engine in engines() {
        let stack = stack(engine, "pleo-go", "1");
        let ask = async |key: &str, body: Value| {
            let request = stack.http.post(format!("{}/v1/billing-runs", stack.invoices));
            let answer = request.header("Idempotency-Key", key).json(&body).send().await.unwrap();
            let replayed = answer.headers().contains_key("idempotency-replayed");
            (answer.status().as_u16(), replayed, answer.json::<Value>().await.unwrap())
        };
        let (status, replayed, first) = ask("k", json!({"scope": "due"})).await;
        assert_eq!((status, replayed), (201, false));
        ended(&stack, 1).await;
        assert_eq!(ask("k", json!({"scope": "due"})).await, (201, true, first), "as it was answered then");
        let (status, _, problem) = ask("k", json!({"scope": "unpaid"})).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("scope")));
        assert_eq!(number(&stack.invoices_db, RUNS), 1);
        let rivals = join_all((0..16).map(|_| ask("k2", json!({"scope": "unpaid"})))).await;
        // Not by its number: PostgreSQL does not use the number of a rival that was undone again.
        let same = |run: &Value| run["scope_key"] == rivals[0].2["scope_key"];
        assert!(rivals.iter().all(|(status, _, run)| *status == 201 && same(run)), "{rivals:?}");
        assert_eq!(number(&stack.invoices_db, RUNS), 2);
    }
}

async fn refused(stack: &Stack, body: Value) -> (u16, Value, String) {
    let (status, problem) = post(stack, "/v1/billing-runs", body).await;
    let error = &problem["errors"][0];
    (status, error["field"].clone(), error["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_names_the_field_and_changes_nothing() {
    for engine in engines() {
        let stack = stack(engine, "pleo-go", "1");
        let before = checksum::of(&stack.invoices_db);
        let (status, field, message) = refused(&stack, json!({"scope": "ids", "ids": [1, 77, 78]})).await;
        assert_eq!((status, field), (422, json!("ids")));
        assert_eq!(message, "there is no invoice 77, 78");
        let many: Vec<i64> = (1..=1_001).collect();
        let long = "k".repeat(101);
        let cases = [
            (json!({"scope": "ids", "ids": many}), "ids"),
            (json!({"scope": "ids", "ids": []}), "ids"),
            (json!({"scope": "ids"}), "ids"),
            (json!({"scope": "due", "ids": [1]}), "ids"),
            (json!({"scope": "all"}), "scope"),
            (json!({"scope": "untried"}), "scope"),
            (json!({"scope": "due", "scope_key": ""}), "scope_key"),
            (json!({"scope": "due", "scope_key": long}), "scope_key"),
            (json!({"scope": "due", "scope_key": "a\nb"}), "scope_key"),
            (json!({"scope": "due", "scope_key": "due/2026-12-01T05:00Z"}), "scope_key"),
            (json!({"scope": "due", "scope_key": "collect/1"}), "scope_key"),
            (json!({"scope": "due", "scope_key": "compat/1"}), "scope_key"),
            (json!({"scope": "due", "what": 1}), "what"),
        ];
        for (body, field) in cases {
            let (status, named, message) = refused(&stack, body.clone()).await;
            assert_eq!((status, named), (422, json!(field)), "{body}: {message}");
        }
        assert_eq!(checksum::of(&stack.invoices_db), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_numbers_may_be_given_and_one_that_stands_twice_is_one_invoice() {
    for engine in engines() {
        let stack = stack(engine, "large:1000", "1");
        let most: Vec<i64> = (1..=1_000).collect();
        for (ids, expected) in [(json!([3, 3, 5]), 2), (json!(most), 998)] {
            let (status, new) = post(&stack, "/v1/billing-runs", json!({"scope": "ids", "ids": ids})).await;
            assert_eq!((status, count(&new, "expected")), (201, expected), "{new}");
            let run = ended(&stack, new["id"].as_i64().unwrap()).await;
            assert_eq!(count(&run, "captured"), expected);
        }
    }
}
