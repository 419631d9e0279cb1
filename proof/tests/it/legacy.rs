//! invoice-app before a provider that is asked for one charge at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use contracts::Money;
use serde_json::Value;
use testkit::{Engine, Options, Stack, engines};

use crate::older_provider::{OlderProvider, Reply, raw};
use crate::rows::number;

const PATHS: [&str; 3] = ["/", "/pp/rest/v1/charge", "/payments/pay"];
const BUSY: &str = r#"{"type":"urn:antaeus:problem:busy","title":"later","status":503}"#;
const NOT_FOUND: &str = r#"{"type":"urn:antaeus:problem:not-found","title":"nothing","status":404}"#;

fn start(engine: Engine, data: &'static str, endpoint: String, more: &[(&'static str, String)]) -> Stack {
    let mut vars = vec![("PAYMENT_PROVIDER_ENDPOINT", endpoint), ("CHARGE_KEY_FILE", String::new())];
    vars.extend_from_slice(more);
    Stack::start(engine, Options { data: Some(data), invoice_app: vars, ..Options::default() })
}

async fn pay(stack: &Stack) {
    assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
}

fn count(stack: &Stack, condition: &str) -> i64 {
    number(&stack.invoices_db, &format!("SELECT COUNT(*) AS n FROM invoices WHERE {condition}"))
}

/// Rounds until everything is paid.
async fn pay_all(stack: &Stack, most: usize) {
    for _ in 0..most {
        pay(stack).await;
        if count(stack, "state <> 'PAID'") == 0 {
            return;
        }
        // A provider that was away is left alone for a moment.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{} invoices are still unpaid", count(stack, "state <> 'PAID'"));
}

/// The request that the contract has for each invoice that is not paid.
async fn wanted(stack: &Stack, path: &str) -> Vec<String> {
    let list = stack.get("/rest/v1/invoices").await;
    let body = |invoice: &Value| {
        let currency = invoice["amount"]["currency"].as_str().unwrap();
        let value = Money::parse(&invoice["amount"]["value"].to_string(), currency.parse().unwrap());
        let (value, id, customer) = (value.unwrap().decimal(), &invoice["id"], &invoice["customerId"]);
        if path == "/payments/pay" {
            format!(r#"{{"id":"I{id}","value":{value},"currency":"{currency}"}}"#)
        } else {
            format!(r#"{{"currency":"{currency}","value":{value},"customer_id":{customer}}}"#)
        }
    };
    let mut wanted: Vec<String> =
        list.as_array().unwrap().iter().filter(|invoice| invoice["status"] != "PAID").map(body).collect();
    wanted.sort();
    wanted
}

#[tokio::test(flavor = "multi_thread")]
async fn every_invoice_is_paid_and_captured_once_although_answers_are_lost() {
    for engine in engines() {
        for path in PATHS {
            let provider = OlderProvider::start();
            let declined = if path == "/payments/pay" { Reply::Lost } else { Reply::Declined };
            let (busy, proxy) = (raw(503, "Retry-After: 1\r\n", BUSY), raw(503, "Retry-After: 1\r\n", ""));
            let captured = Reply::Captured;
            let script = [Reply::Lost, declined, busy, proxy, captured, Reply::Lost, raw(500, "", "oops")];
            provider.memory().script.extend(script);
            let stack = start(engine, "demo", provider.url(path), &[]);
            let wanted = wanted(&stack, path).await;
            pay_all(&stack, 50).await;

            let memory = provider.memory();
            let mut captured = memory.captured.clone();
            captured.sort();
            assert_eq!(captured, wanted, "{path}");
            let mut asked: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for request in &memory.requests {
                assert_eq!(request.path, path);
                assert_eq!(request.headers.get("x-api-key"), None);
                let key = request.headers["idempotency-key"].as_str();
                let (_, attempt) = key.split_once(':').unwrap();
                assert!(["1", "2"].contains(&attempt), "{key}");
                asked.entry(key).or_default().insert(&request.body);
            }
            assert!(asked.values().all(|bodies| bodies.len() == 1), "{asked:?}");
            let second = asked.keys().filter(|key| key.ends_with(":2")).count();
            assert_eq!(second, usize::from(path != "/payments/pay"), "only a decline opens a second attempt");
            assert!(memory.requests.len() > asked.len(), "a lost answer is asked for again with its key");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_claimed_than_is_asked_about() {
    for engine in engines() {
        let provider = OlderProvider::start();
        provider.memory().slow = Duration::from_millis(30);
        let one = [("CHARGES_IN_FLIGHT", "1".to_owned())];
        let stack = start(engine, "demo", provider.url("/"), &one);
        let mut open = BTreeSet::new();
        let looks = async {
            while count(&stack, "state <> 'PAID'") > 0 {
                open.insert(count(&stack, "state = 'CHARGING'"));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::join!(pay(&stack), tokio::time::timeout(Duration::from_secs(20), looks)).1.unwrap();
        assert_eq!(
            (open.remove(&1), open.last().copied().unwrap_or_default()),
            (true, 0),
            "a lease is for one"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_older_paths_are_such_a_provider() {
    for engine in engines() {
        for path in PATHS {
            let options = Options { data: Some("demo"), older_path: Some(path), ..Options::default() };
            let stack = Stack::start(engine, options);
            pay_all(&stack, 60).await;
            assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM transfers"), 11, "{path}");
            assert_eq!(
                stack.http.get(format!("{}/pp/rest/health", stack.invoices)).send().await.unwrap().status(),
                200
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_proves_as_little_as_it_does_to_the_batch_api() {
    const UNKNOWN: &str = "state = 'CHARGING' AND attempt = 1";
    const PARKED: &str = "state = 'PARKED' AND attempt = 1";
    const WAITING: &str = "state = 'PENDING' AND attempt = 0";
    let endless =
        Reply::Raw(format!("HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n{}", "x".repeat(5_000_000)));
    let cases = [
        (raw(404, "", r#"{"error":"customer not found"}"#), PARKED),
        (raw(404, "", NOT_FOUND), UNKNOWN),
        (raw(400, "", ""), PARKED),
        (raw(413, "", ""), PARKED),
        (raw(422, "", ""), PARKED),
        (raw(401, "", ""), WAITING),
        (raw(403, "", ""), WAITING),
        (raw(429, "Retry-After: 60\r\n", ""), WAITING),
        (raw(503, "Retry-After: 60\r\n", BUSY), WAITING),
        (raw(503, "Retry-After: 60\r\n", ""), UNKNOWN),
        (raw(500, "", ""), UNKNOWN),
        (raw(201, "", r#"{"result":true}"#), UNKNOWN),
        (raw(302, "Location: /\r\n", ""), UNKNOWN),
        (raw(200, "", r#"{"id":"I1"}"#), UNKNOWN),
        (raw(200, "", r#"{"result":"true"}"#), UNKNOWN),
        (raw(200, "", ""), UNKNOWN),
        (Reply::Raw(String::new()), UNKNOWN),
        (endless, UNKNOWN),
    ];
    let text = |reply: &Reply| match reply {
        Reply::Raw(text) => text.chars().take(60).collect::<String>(),
        _ => String::new(),
    };
    for engine in engines() {
        for (reply, state) in &cases {
            let provider = OlderProvider::start();
            provider.memory().otherwise = reply.clone();
            let stack = start(engine, "pleo-go", provider.url("/pp/rest/v1/charge"), &[]);
            pay(&stack).await;
            assert_eq!(count(&stack, state), 3, "{} is not {state}", text(reply));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_customer_is_named_and_an_answer_about_another_invoice_is_none() {
    for engine in engines() {
        let provider = OlderProvider::start();
        provider.memory().otherwise = raw(404, "", "");
        let stack = start(engine, "pleo-go", provider.url("/"), &[]);
        pay(&stack).await;
        let named = "SELECT COUNT(*) AS n FROM attempts WHERE outcome = 'unknown_customer'";
        assert_eq!((number(&stack.invoices_db, named), count(&stack, "state = 'PARKED'")), (3, 3));

        let provider = OlderProvider::start();
        provider.memory().otherwise = raw(200, "", r#"{"id":"I2"}"#);
        let stack = start(engine, "pleo-go", provider.url("/payments/pay"), &[]);
        pay(&stack).await;
        assert_eq!((count(&stack, "state = 'PAID'"), count(&stack, "state = 'PAID' AND id = 2")), (1, 1));
        assert_eq!(count(&stack, "state = 'CHARGING'"), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_is_unknown_only_when_asked_again_settles_nothing() {
    for engine in engines() {
        let provider = OlderProvider::start();
        provider.memory().script.extend([Reply::Lost, Reply::Lost, Reply::Lost]);
        provider.memory().otherwise = raw(404, "", "");
        let stack = start(engine, "pleo-go", provider.url("/"), &[]);
        for _ in 0..2 {
            pay(&stack).await;
            assert_eq!(count(&stack, "state = 'CHARGING' AND attempt = 1"), 3, "the money was taken");
        }
        provider.memory().otherwise = Reply::Captured;
        pay_all(&stack, 50).await;
        assert_eq!(provider.memory().captured.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_key_goes_along_and_is_read_again_when_it_changes() {
    for engine in engines() {
        let (provider, home) = (OlderProvider::start(), testkit::Home::new());
        provider.memory().api_key = Some("second key".into());
        let file = home.path("api-key");
        std::fs::write(&file, "first key\n").unwrap();
        let vars = [("PAYMENT_PROVIDER_KEY_FILE", home.text("api-key")), ("RELOAD_MS", "100".to_owned())];
        let stack = start(engine, "pleo-go", provider.url("/pp/rest/v1/charge"), &vars);
        pay(&stack).await;
        assert_eq!(count(&stack, "state = 'PENDING' AND attempt = 0"), 3, "refused, and no attempt is lost");
        assert_eq!(provider.memory().captured.len(), 0);
        std::fs::write(&file, "second key\n").unwrap();
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            pay(&stack).await;
            if count(&stack, "state = 'PAID'") == 3 {
                break;
            }
        }
        assert_eq!(provider.memory().captured.len(), 3);
        let memory = provider.memory();
        assert!(memory.requests.iter().all(|request| request.headers["x-api-key"] == "second key"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_our_ca_decides_and_no_spiffe_id() {
    for engine in engines() {
        let home = testkit::Home::new();
        home.run(&["pki", "init", "--dir", &home.text("other")]);
        let vars = [("TLS_DIR", home.text("pki/invoice-app"))];
        // Another workload than the payment provider: its SPIFFE id is not asked for.
        let provider = OlderProvider::with_certificate(&home.path("pki/invoice-app"));
        let stack = start(engine, "pleo-go", provider.url("/"), &vars);
        pay_all(&stack, 1).await;
        assert_eq!(provider.memory().captured.len(), 3);

        let stranger = OlderProvider::with_certificate(&home.path("other/payment-provider"));
        let stack = start(engine, "pleo-go", stranger.url("/"), &vars);
        pay(&stack).await;
        assert_eq!(count(&stack, "state = 'CHARGING'"), 3);
        assert_eq!(stranger.memory().requests.len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_health_is_its_health_path_and_it_lists_nothing() {
    let provider = OlderProvider::start();
    let stack = start(Engine::Sqlite, "pleo-go", provider.url("/payments/pay"), &[]);
    let get = async |path: &str| stack.http.get(format!("{}{path}", stack.invoices)).send().await.unwrap();
    assert_eq!(get("/pp/rest/health").await.status(), 200);
    let listed = get("/v1/captures").await;
    assert_eq!(listed.status(), 409);
    assert!(listed.text().await.unwrap().contains("lists nothing"));
    provider.memory().sick = true;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(get("/pp/rest/health").await.status(), 503);
}
