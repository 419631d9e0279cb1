//! API keys of the public API: every endpoint must have its unauthorised case.

use service::routes::Access;
use testkit::{Engine, Home, Options, Stack};

fn stack(home: &Home) -> Stack {
    let keys = vec![("AUTH", "keys".to_owned()), ("API_JWKS_FILE", home.text("keys/operator/jwks.json"))];
    Stack::start(Engine::Sqlite, Options { data: Some("demo"), invoice_app: keys, ..Options::default() })
}

fn key(home: &Home, scope: &str) -> String {
    let file = home.text("keys/operator/private.pem");
    home.run(&["keys", "issue", "--key", &file, "--sub", "team:billing", "--scope", scope, "--days", "1"])
}

async fn status(stack: &Stack, method: &str, path: &str, key: Option<&str>) -> u16 {
    let method = method.parse().unwrap();
    let mut request = stack.http.request(method, format!("{}{}", stack.invoices, path.replace("{id}", "1")));
    if let Some(key) = key {
        request = request.header("X-API-Key", key);
    }
    request.send().await.unwrap().status().as_u16()
}

/// Run 1, so that there is one to look at.
async fn a_run_has_ended(home: &Home, stack: &Stack) {
    let (billing, read) = (key(home, "billing:run"), key(home, "invoices:read"));
    let request = stack.http.post(format!("{}/v1/billing-runs", stack.invoices)).bearer_auth(&billing);
    let started = request.json(&serde_json::json!({"scope": "due"})).send().await.unwrap();
    assert_eq!(started.status(), 201);
    let run: serde_json::Value = started.json().await.unwrap();
    assert_eq!((&run["id"], &run["started_by"]), (&1.into(), &"team:billing".into()), "{run}");
    let url = format!("{}/v1/billing-runs/1/progress", stack.invoices);
    let watched = stack.http.get(url).bearer_auth(&read).send().await.unwrap();
    assert!(watched.text().await.unwrap().contains("event: ended"));
}

/// Customer 1, so that there is an account to look at.
async fn a_customer_has_an_account(home: &Home, stack: &Stack) {
    let request = stack.http.post(format!("{}/v1/customers/1/deposits", stack.invoices));
    let deposit = serde_json::json!({"amount": {"value": 1, "currency": "EUR"}});
    let made = request.bearer_auth(key(home, "customers:write")).json(&deposit).send().await.unwrap();
    assert_eq!(made.status(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_read_and_write_everything_may_not_bill() {
    let home = Home::new();
    let stack = stack(&home);
    let others = key(&home, "invoices:read,invoices:write,customers:read,customers:write");
    let mut billing = 0;
    for endpoint in invoice_app::routes::routes().endpoints() {
        if endpoint.access != Access::Key(gate::token::Scope::BillingRun) {
            continue;
        }
        billing += 1;
        let (method, path) = (endpoint.method.as_str(), endpoint.path);
        assert_eq!(status(&stack, method, path, Some(&others)).await, 403, "{method} {path}");
    }
    assert!(billing >= 10, "{billing}");
    let runs = "SELECT COUNT(*) AS n FROM billing_runs";
    assert_eq!(crate::rows::number(&stack.invoices_db, runs), 0);
}

/// Else the connection is reset, and a proxy in between loses the answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_no_body_unread() {
    use std::io::{Read, Write};
    let home = Home::new();
    let stack = stack(&home);
    let mut stream = crate::limits::connect(&stack);
    for round in 0..3 {
        write!(stream, "POST /v1/billing-runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 15\r\n\r\n")
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        stream.write_all(br#"{"scope":"due"}"#).unwrap();
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with("HTTP/1.1 401 "), "round {round}: {answer:?}");
        assert!(!answer.to_lowercase().contains("connection: close"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_endpoint_is_open_without_a_key_of_its_scope() {
    let home = Home::new();
    let stack = stack(&home);
    a_run_has_ended(&home, &stack).await;
    a_customer_has_an_account(&home, &stack).await;
    let unrelated = key(&home, "notifications:read");
    let foreign =
        key(&Home::new(), "invoices:read,invoices:write,customers:read,customers:write,billing:run");
    let mut guarded = 0;
    for endpoint in invoice_app::routes::routes().endpoints() {
        let (method, path) = (endpoint.method.as_str(), endpoint.path);
        let (Access::Key(scope) | Access::Own(scope)) = endpoint.access else {
            assert!(path.ends_with("/health"), "{method} {path} is open to everybody");
            continue;
        };
        guarded += 1;
        assert_eq!(status(&stack, method, path, None).await, 401, "{method} {path} without a key");
        let encoded = path.replacen("/v1/", "/%761/", 1).replacen("/invoices", "/%69nvoices", 1);
        assert_ne!(encoded, path, "spell this path in another way too");
        assert_eq!(status(&stack, method, &encoded, None).await, 401, "{method} {encoded} without a key");
        assert_eq!(status(&stack, method, path, Some("no.good.key")).await, 401, "{method} {path}");
        assert_eq!(
            status(&stack, method, path, Some(&foreign)).await,
            401,
            "{method} {path} with a foreign key"
        );
        assert_eq!(
            status(&stack, method, path, Some(&unrelated)).await,
            403,
            "{method} {path} with another scope"
        );
        if method == "GET" {
            let good = key(&home, scope.as_str());
            assert_eq!(status(&stack, method, path, Some(&good)).await, 200, "{method} {path}");
        }
    }
    assert!(guarded >= 30, "{guarded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_only_this_machine_is_served() {
    let stack = Stack::start(Engine::Sqlite, Options { data: Some("demo"), ..Options::default() });
    let ask = |name: &'static str, value: &'static str| {
        stack.http.get(format!("{}/invoices", stack.invoices)).header(name, value).send()
    };
    assert_eq!(ask("origin", "https://evil.example").await.unwrap().status(), 403);
    let page = stack
        .http
        .post(format!("{}/invoices/%70ay", stack.invoices))
        .header("origin", "https://evil.example");
    assert_eq!(page.send().await.unwrap().status(), 403, "the same path in another spelling");
    assert_eq!(ask("host", "evil.example").await.unwrap().status(), 403);
    assert_eq!(ask("origin", "http://localhost:8081").await.unwrap().status(), 200);
}
