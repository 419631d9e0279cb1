//! The charge API: one verdict per key and one capture per invoice, for ever.

use contracts::charge::{CHARGES_PATH, ChargeItem, ChargeResult, ChargeResults, Method, Verdict};
use service::Clock;
use testkit::client::{signer, with_certificate};
use testkit::{Options, Stack, engines};

use crate::rows::number;

fn item(invoice: &str, attempt: u32) -> ChargeItem {
    ChargeItem {
        key: format!("{invoice}:{attempt}"),
        invoice: invoice.to_owned(),
        customer: "c".into(),
        amount: 1215,
        currency: "EUR".parse().unwrap(),
        method: Method::Card,
    }
}

fn stack(engine: testkit::Engine, success_rate: &str) -> Stack {
    let rate = ("ACQUIRER_SUCCESS_RATE", success_rate.to_owned());
    Stack::start(engine, Options { provider: vec![rate], ..Options::default() })
}

async fn send(stack: &Stack, body: String) -> (u16, String) {
    let token =
        signer(&stack.home).sign("POST", CHARGES_PATH, body.as_bytes(), Clock::system().seconds()).unwrap();
    let client = with_certificate(&stack.home.path("pki/invoice-app"));
    let request = client.post(format!("{}{CHARGES_PATH}", stack.provider)).bearer_auth(token);
    let response = request.header("content-type", "application/json").body(body).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn charge(stack: &Stack, items: &[ChargeItem]) -> Vec<ChargeResult> {
    let (status, body) = send(stack, serde_json::json!({"items": items}).to_string()).await;
    assert_eq!(status, 200, "{body}");
    serde_json::from_str::<ChargeResults>(&body).unwrap().results
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gets_the_same_verdict_and_another_content_a_conflict() {
    for engine in engines() {
        let stack = stack(engine, "1");
        let first = charge(&stack, &[item("a", 1), item("b", 1)]).await;
        assert!(first.iter().all(|result| result.verdict == Verdict::Captured && !result.replayed));
        let again = charge(&stack, &[item("b", 1), item("a", 1)]).await;
        assert!(again.iter().all(|result| result.verdict == Verdict::Captured && result.replayed));
        assert_eq!(again[0].key, "b:1", "results stand in the order of the items");
        let changed = ChargeItem { amount: 1, customer: "d".into(), ..item("a", 1) };
        let fields = vec!["customer".to_owned(), "amount".to_owned()];
        assert_eq!(charge(&stack, &[changed]).await[0].verdict, Verdict::Conflict { fields });
        assert_eq!(
            number(&stack.provider_db, "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM transfers"),
            2 * 1215
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_captured_once_under_whichever_keys() {
    for engine in engines() {
        let stack = stack(engine, "1");
        let both = charge(&stack, &[item("a", 1), item("a", 2)]).await;
        assert_eq!(both[0].verdict, Verdict::Captured);
        assert_eq!(both[1].verdict, Verdict::AlreadyCaptured { by: "a:1".into() });
        let later = charge(&stack, &[item("a", 3)]).await;
        assert_eq!(later[0].verdict, Verdict::AlreadyCaptured { by: "a:1".into() });
        let replayed = charge(&stack, &[item("a", 2)]).await;
        assert_eq!((&replayed[0].verdict, replayed[0].replayed), (&both[1].verdict, true));
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM transfers"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rivals_on_the_same_invoices_capture_each_once_and_get_one_answer_per_key() {
    for engine in engines() {
        let stack = stack(engine, "0.5");
        let batch = |turn: usize, attempt: u32| {
            let mut items: Vec<ChargeItem> = (0..40).map(|n| item(&format!("i{n}"), attempt)).collect();
            items.rotate_left(turn * 3);
            items
        };
        let calls = (0..12).map(|n| {
            let (stack, items) = (&stack, batch(n, u32::try_from(n % 3).unwrap()));
            async move { charge(stack, &items).await }
        });
        let answers = futures_util::future::join_all(calls).await;
        let mut by_key = std::collections::HashMap::new();
        for result in answers.into_iter().flatten() {
            let known = by_key.entry(result.key.clone()).or_insert_with(|| result.verdict.clone());
            assert_eq!(*known, result.verdict, "{}", result.key);
        }
        let captured = by_key.values().filter(|verdict| **verdict == Verdict::Captured).count();
        let captures = number(&stack.provider_db, "SELECT COUNT(*) AS n FROM transfers");
        assert_eq!(i64::try_from(captured).unwrap(), captures);
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 120);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_breaks_a_rule_is_invalid_alone() {
    for engine in engines() {
        let stack = stack(engine, "1");
        let bad = [
            ChargeItem { amount: 0, ..item("a", 1) },
            ChargeItem { amount: -5, ..item("b", 1) },
            ChargeItem { customer: "café".into(), ..item("c", 1) },
            ChargeItem { invoice: String::new(), ..item("d", 1) },
            ChargeItem { key: "k".repeat(101), ..item("e", 1) },
        ];
        let results = charge(&stack, &[&bad[..], &[item("good", 1)]].concat()).await;
        assert!(
            results[..5].iter().all(|result| matches!(result.verdict, Verdict::Invalid { .. })),
            "{results:?}"
        );
        assert_eq!(results[5].verdict, Verdict::Captured);
        assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_cannot_be_read_changes_nothing_and_names_the_field() {
    let stack = stack(testkit::Engine::Sqlite, "1");
    let good = serde_json::to_string(&item("a", 1)).unwrap();
    let many = serde_json::json!({"items": (0..1001).map(|n| item(&n.to_string(), 1)).collect::<Vec<_>>()});
    let cases = [
        (String::new(), 400, "malformed"),
        ("{\"items\":[".into(), 400, "malformed"),
        (format!("{{\"items\":[{good}],\"extra\":1}}"), 422, "extra"),
        ("{\"items\":[]}".into(), 422, "items"),
        (format!("{{\"items\":[{good},{good}]}}"), 422, "items"),
        (many.to_string(), 422, "items"),
        (format!("{{\"items\":[{}]}}", good.replace("1215", "12.15")), 422, "items[0].amount"),
        (format!("{{\"items\":[{}]}}", good.replace("EUR", "EUX")), 422, "items[0].currency"),
        (format!("{{\"items\":[{}]}}", good.replace("card", "cash")), 422, "items[0].method"),
        (format!("{{\"items\":[{}]}}", good.replace("1215", "9223372036854775808")), 422, "items[0].amount"),
        ("x".repeat(1024 * 1024 + 1), 413, "too-large"),
    ];
    for (body, wanted, named) in cases {
        let start: String = body.chars().take(60).collect();
        let (status, answer) = send(&stack, body).await;
        assert_eq!(status, wanted, "{start}: {answer}");
        assert!(answer.contains(named), "{start}: {answer}");
    }
    assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 0);
}
