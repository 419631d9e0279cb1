//! Who is refused by the payment provider itself, and for which reason.

use contracts::charge::CHARGES_PATH;
use service::Clock;
use testkit::client::{plain, signer, signer_with, with_certificate, without_certificate};
use testkit::{Home, Options, Stack, engines};

use crate::rows;

const BODY: &str =
    r#"{"items":[{"key":"k:1","invoice":"k","customer":"c","amount":100,"currency":"EUR","method":"card"}]}"#;

struct Call<'a> {
    client: reqwest::Client,
    token: Option<String>,
    body: &'a str,
}

async fn status(stack: &Stack, call: Call<'_>) -> u16 {
    let mut request =
        call.client.post(format!("{}{CHARGES_PATH}", stack.provider)).body(call.body.to_owned());
    request = request.header("content-type", "application/json");
    if let Some(token) = call.token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    if status != 200 {
        let title = if status == 401 { "unauthorized" } else { "forbidden" };
        assert!(body.contains(&format!("\"title\":\"{title}\"")), "{body}");
        assert!(!body.contains("detail"), "the caller learns the cause: {body}");
    }
    status
}

async fn counted(stack: &Stack, reason: &str) -> bool {
    let metrics = stack.http.get(format!("{}/metrics", stack.provider_admin)).send().await.unwrap();
    proof::scraped::sum(&metrics.text().await.unwrap(), "auth_refusals_total", &[("reason", reason)]) == 1
}

/// The CA of `pki` once more, for certificates that it has not issued there.
fn copy_ca(home: &Home, to: &str) {
    std::fs::create_dir_all(home.path(&format!("{to}/ca"))).unwrap();
    for file in ["ca.pem", "ca.key"] {
        std::fs::copy(home.path("pki/ca").join(file), home.path(to).join("ca").join(file)).unwrap();
    }
}

fn token(home: &Home, body: &str) -> String {
    signer(home).sign("POST", CHARGES_PATH, body.as_bytes(), Clock::system().seconds()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_caller_is_refused_for_its_own_reason_and_changes_nothing() {
    for engine in engines() {
        let stack = Stack::start(engine, Options::default());
        let (home, other) = (&stack.home, Home::new());
        let right = || with_certificate(&home.path("pki/invoice-app"));
        copy_ca(home, "elsewhere");
        let before = rows::all(&stack.invoices_db, &stack.provider_db);

        // A leaf of the same CA for another workload.
        home.run(&["pki", "init", "--dir", &home.text("elsewhere"), "--trust-domain", "elsewhere.example"]);
        let wrong_workload = with_certificate(&home.path("elsewhere/invoice-app"));
        let call = Call { client: wrong_workload, token: Some(token(home, BODY)), body: BODY };
        assert_eq!(status(&stack, call).await, 403);
        assert!(counted(&stack, "wrong_peer").await);

        assert_eq!(status(&stack, Call { client: right(), token: None, body: BODY }).await, 401);
        assert!(counted(&stack, "missing_token").await);

        let bound = gate::tls::Identity::load(&home.path("pki/invoice-app")).unwrap().thumbprint();
        let foreign_key = signer_with(&other.path("keys/charge/private.pem"), Some(bound));
        let foreign =
            foreign_key.sign("POST", CHARGES_PATH, BODY.as_bytes(), Clock::system().seconds()).unwrap();
        assert_eq!(status(&stack, Call { client: right(), token: Some(foreign), body: BODY }).await, 401);
        assert!(counted(&stack, "unknown_kid").await);

        let swapped = BODY.replace("100", "999");
        let call = Call { client: right(), token: Some(token(home, BODY)), body: &swapped };
        assert_eq!(status(&stack, call).await, 401);
        assert!(counted(&stack, "body_mismatch").await);

        let old = signer(home)
            .sign("POST", CHARGES_PATH, BODY.as_bytes(), Clock::system().seconds() - 120)
            .unwrap();
        assert_eq!(status(&stack, Call { client: right(), token: Some(old), body: BODY }).await, 401);
        assert!(counted(&stack, "expired").await);

        assert_eq!(rows::all(&stack.invoices_db, &stack.provider_db), before);
        let call = Call { client: right(), token: Some(token(home, BODY)), body: BODY };
        assert_eq!(status(&stack, call).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_certificate_a_foreign_certificate_and_plain_http_do_not_get_past_the_handshake() {
    let stack = Stack::start(testkit::Engine::Sqlite, Options::default());
    let other = Home::new();
    // A foreign workload trusts our CA for the server, and shows a leaf of its own CA.
    std::fs::copy(stack.home.path("pki/invoice-app/ca.pem"), other.path("pki/invoice-app/ca.pem")).unwrap();
    let clients = [
        ("no certificate", without_certificate(&stack.home.path("pki/invoice-app"))),
        ("a foreign certificate", with_certificate(&other.path("pki/invoice-app"))),
    ];
    for (name, client) in clients {
        let refused = client.get(format!("{}/pp/rest/health", stack.provider)).send().await;
        assert!(refused.is_err(), "{name}: {refused:?}");
    }
    let http = stack.provider.replace("https", "http");
    assert!(plain().get(format!("{http}/pp/rest/health")).send().await.is_err(), "plain HTTP was answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_of_the_business_port_is_behind_the_gate() {
    let stack = Stack::start(testkit::Engine::Sqlite, Options::default());
    let client = with_certificate(&stack.home.path("pki/invoice-app"));
    for path in ["/pp/rest/health", CHARGES_PATH, "/", "/no/such/path", "/metrics", "/livez"] {
        let answer = client.get(format!("{}{path}", stack.provider)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invoice_app_does_not_charge_at_somebody_elses_server() {
    // The certificate of the stand-in is good, and names another workload.
    let impostor = ("PAYMENT_PROVIDER_ID", "spiffe://cluster.local/ns/payments/sa/somebody-else".to_owned());
    let options = Options { data: Some("pleo-go"), invoice_app: vec![impostor], ..Options::default() };
    let stack = Stack::start(testkit::Engine::Sqlite, options);
    assert_eq!(stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
    let list = stack.get("/rest/v1/invoices").await;
    assert!(list.as_array().unwrap().iter().all(|i| i["status"] == "ERROR_NETWORK"), "{list}");
    assert_eq!(rows::number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 0);
}
