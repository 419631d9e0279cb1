//! What became of a charge, keys given up, and what was captured in a window of time.

use serde_json::{Value, json};
use testkit::{Options, Stack, engines};

use crate::caller::{get, post};

const CHARGES: &str = "/pp/rest/v1/charges";

fn stack(engine: testkit::Engine) -> Stack {
    let rate = ("ACQUIRER_SUCCESS_RATE", "1".to_owned());
    Stack::start(engine, Options { provider: vec![rate], ..Options::default() })
}

fn item(key: &str, invoice: &str, amount: i64, currency: &str) -> Value {
    json!({"key": key, "invoice": invoice, "customer": "c", "amount": amount, "currency": currency, "method": "card"})
}

async fn charge(stack: &Stack, items: &[Value]) -> Value {
    let (status, answer) = post(stack, CHARGES, json!({"items": items})).await;
    assert_eq!(status, 200, "{answer}");
    answer["results"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_can_be_asked_about_by_its_key() {
    for engine in engines() {
        let stack = stack(engine);
        let odd = item("a/b?c%20:1", "a", 100, "EUR");
        charge(&stack, std::slice::from_ref(&odd)).await;
        let (status, found) = get(&stack, &format!("{CHARGES}/a%2Fb%3Fc%2520:1")).await;
        assert_eq!((status, &found["item"], &found["verdict"]), (200, &odd, &json!("captured")), "{found}");
        assert_eq!(get(&stack, &format!("{CHARGES}/never:1")).await.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_given_up_is_never_charged_and_a_charged_one_keeps_its_verdict() {
    for engine in engines() {
        let stack = stack(engine);
        let (status, answer) = post(&stack, &format!("{CHARGES}/a:1/abandon"), Value::Null).await;
        assert_eq!((status, answer), (200, json!({"key": "a:1", "verdict": "abandoned", "replayed": false})));
        let (_, again) = post(&stack, &format!("{CHARGES}/a:1/abandon"), Value::Null).await;
        assert_eq!(again["replayed"], json!(true));
        let late = charge(&stack, &[item("a:1", "a", 100, "EUR")]).await;
        assert_eq!((&late[0]["verdict"], &late[0]["replayed"]), (&json!("abandoned"), &json!(true)));
        let (_, found) = get(&stack, &format!("{CHARGES}/a:1")).await;
        assert_eq!((&found["verdict"], &found["item"]), (&json!("abandoned"), &Value::Null));
        let other = charge(&stack, &[item("a:2", "a", 100, "EUR")]).await;
        assert_eq!(other[0]["verdict"], json!("captured"), "another key of the invoice is not given up");
        let (_, too_late) = post(&stack, &format!("{CHARGES}/a:2/abandon"), Value::Null).await;
        let captured_at = &other[0]["captured_at"];
        let kept = json!({"key": "a:2", "verdict": "captured", "replayed": true, "captured_at": captured_at});
        assert_eq!(too_late, kept);
        assert!(captured_at.is_i64(), "{other}");
        assert_eq!(post(&stack, &format!("{CHARGES}/{}/abandon", "k".repeat(101)), Value::Null).await.0, 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_and_its_abandonment_that_race_end_in_one_of_the_two() {
    for engine in engines() {
        let stack = stack(engine);
        for n in 0..20 {
            let (key, invoice) = (format!("r{n}:1"), format!("r{n}"));
            let path = format!("{CHARGES}/{key}/abandon");
            let items = [item(&key, &invoice, 100, "EUR")];
            let (charged, abandoned) = tokio::join!(charge(&stack, &items), post(&stack, &path, Value::Null));
            assert_eq!(charged[0]["verdict"], abandoned.1["verdict"], "{key}");
        }
        let report = antaeusctl::verify::verify(&stack.invoices_db, &stack.provider_db, false).unwrap();
        assert!(report.findings.iter().all(|f| f.invariant != "I4"), "{:#?}", report.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_are_listed_and_added_up_by_window() {
    for engine in engines() {
        let stack = stack(engine);
        for (n, currency) in ["EUR", "USD", "EUR", "EUR"].into_iter().enumerate() {
            charge(&stack, &[item(&format!("i{n}:1"), &format!("i{n}"), 100, currency)]).await;
        }
        // The older paths are nothing that Antaeus asked for.
        let body = r#"{"currency":"EUR","value":1,"customer_id":1}"#;
        let old = stack.http.post(format!("{}/", stack.compat)).body(body).send().await.unwrap();
        assert_eq!(old.text().await.unwrap(), "{\"result\":true}");
        let (mut path, mut times) = (format!("{CHARGES}?limit=3"), Vec::new());
        loop {
            let (status, page) = get(&stack, &path).await;
            assert_eq!(status, 200, "{page}");
            times
                .extend(page["items"].as_array().unwrap().iter().map(|c| c["captured_at"].as_i64().unwrap()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            path = format!("{CHARGES}?limit=3&cursor={next}");
        }
        assert_eq!(times.len(), 4);
        assert!(times.is_sorted());
        let total = |from: i64, to: i64| {
            let path = format!("/pp/rest/v1/totals?from={from}&to={to}");
            let stack = &stack;
            async move { get(stack, &path).await.1["totals"].clone() }
        };
        let all = json!([{"currency": "EUR", "count": 3, "amount": 300}, {"currency": "USD", "count": 1, "amount": 100}]);
        assert_eq!(total(0, times[3] + 1).await, all);
        assert_eq!(total(times[0], times[1]).await, json!([{"currency": "EUR", "count": 1, "amount": 100}]));
        assert_eq!(total(times[3] + 1, i64::MAX).await, json!([]));
        let window = format!("{CHARGES}?captured_from={}&captured_to={}", times[1], times[3]);
        assert_eq!(get(&stack, &window).await.1["items"].as_array().unwrap().len(), 2);
        for bad in ["limit=0", "limit=1001", "cursor=x", "captured_from=x", "what=1"] {
            assert_eq!(get(&stack, &format!("{CHARGES}?{bad}")).await.0, 400, "{bad}");
        }
    }
}
