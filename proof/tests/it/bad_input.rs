//! Bad input at every endpoint: a 4xx that names the field, never a 5xx, and no row changed.

use serde_json::Value;
use testkit::{Engine, Options, Stack};

use crate::rows;

/// Path, body, status, field.
const BODIES: &[(&str, &str, u16, &str)] = &[
    ("/v1/customers", r#"{"currency":"EUX"}"#, 422, "currency"),
    ("/v1/customers", r#"{"currency":7}"#, 422, "currency"),
    ("/v1/customers", r#"{"currency":"EUR","method":"cash"}"#, 422, "method"),
    ("/v1/customers", r#"{"currency":"EUR","time_zone":"Mars/Base"}"#, 422, "time_zone"),
    ("/v1/customers", r#"{"currency":"EUR","admin":true}"#, 422, "admin"),
    ("/v1/customers", r#"{"currency":"EUR","currency":"USD"}"#, 422, "currency"),
    ("/v1/customers", "{}", 422, "currency"),
    ("/v1/customers", "[]", 422, ""),
    ("/v1/customers", "{", 400, ""),
    ("/v1/customers", "", 400, ""),
    ("/v1/customers", "\"\u{0}\"", 400, ""),
    ("/v1/invoices", r#"{"customer_id":1,"amount":{"value":1.001,"currency":"EUR"}}"#, 422, "amount"),
    ("/v1/invoices", r#"{"customer_id":1,"amount":{"value":-1,"currency":"EUR"}}"#, 422, "amount.value"),
    ("/v1/invoices", r#"{"customer_id":1,"amount":{"value":0,"currency":"EUR"}}"#, 422, "amount.value"),
    ("/v1/invoices", r#"{"customer_id":1,"amount":{"value":1e400,"currency":"EUR"}}"#, 422, "amount"),
    ("/v1/invoices", r#"{"customer_id":1,"amount":{"value":"1","currency":"EUR"}}"#, 422, "amount"),
    ("/v1/invoices", r#"{"customer_id":1,"amount":{"value":1,"currency":"EUR","tip":1}}"#, 422, "amount.tip"),
    ("/v1/invoices", r#"{"customer_id":1,"amount":{"value":1,"currency":"USD"}}"#, 422, "amount.currency"),
    ("/v1/invoices", r#"{"customer_id":99,"amount":{"value":1,"currency":"EUR"}}"#, 422, "customer_id"),
    ("/v1/invoices", r#"{"customer_id":"1","amount":{"value":1,"currency":"EUR"}}"#, 422, "customer_id"),
    (
        "/v1/invoices",
        r#"{"customer_id":9223372036854775808,"amount":{"value":1,"currency":"EUR"}}"#,
        422,
        "customer_id",
    ),
    (
        "/v1/invoices",
        r#"{"customer_id":1,"amount":{"value":1,"currency":"EUR"},"due_on":"soon"}"#,
        422,
        "due_on",
    ),
    (
        "/v1/invoices",
        r#"{"customer_id":1,"amount":{"value":1,"currency":"EUR"},"due_on":"2026-02-30"}"#,
        422,
        "due_on",
    ),
    ("/v1/invoices", r#"{"customer_id":1}"#, 422, "amount"),
];

/// Path, status, field.
const QUERIES: &[(&str, u16, &str)] = &[
    ("/v1/invoices?limit=0", 400, "limit"),
    ("/v1/invoices?limit=1001", 400, "limit"),
    ("/v1/invoices?limit=ten", 400, "limit"),
    ("/v1/invoices?cursor=%FF", 400, "cursor"),
    ("/v1/invoices?state=paid", 400, "state"),
    ("/v1/invoices?customer_id=x", 400, "customer_id"),
    ("/v1/invoices?colour=red", 400, "colour"),
    ("/v1/customers?limit=-1", 400, "limit"),
    ("/v1/customers?page=2", 400, "page"),
    ("/v1/invoices/one", 400, "id"),
    ("/v1/invoices/99", 404, ""),
    ("/v1/customers/99", 404, ""),
    ("/v1/customers/99999999999999999999", 400, "id"),
    ("/v2/invoices", 404, ""),
];

fn check(context: &str, wanted: (u16, &str), status: u16, answer: &str) {
    assert_eq!(status, wanted.0, "{context}: {answer}");
    let problem: Value = serde_json::from_str(answer).unwrap_or_else(|e| panic!("{context}: {e}: {answer}"));
    assert_eq!(problem["status"], status, "{context}");
    assert!(problem["trace_id"].is_string(), "{context}: {answer}");
    if !wanted.1.is_empty() {
        assert_eq!(problem["errors"][0]["field"], wanted.1, "{context}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_names_its_field_and_changes_no_row() {
    for engine in testkit::engines() {
        let stack = Stack::start(engine, Options { data: Some("demo"), ..Options::default() });
        let before = rows::all(&stack.invoices_db, &stack.provider_db);
        for (path, body, status, field) in BODIES {
            let (seen, answer) = stack.post(path, body).await;
            check(&format!("POST {path} {body}"), (*status, field), seen, &answer);
        }
        for (path, status, field) in QUERIES {
            let response = stack.http.get(format!("{}{path}", stack.invoices)).send().await.unwrap();
            let seen = response.status().as_u16();
            check(&format!("GET {path}"), (*status, field), seen, &response.text().await.unwrap());
        }
        assert_eq!(rows::all(&stack.invoices_db, &stack.provider_db), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_methods_media_types_sizes_and_bytes_are_refused_at_every_path() {
    let stack = Stack::start(Engine::Sqlite, Options { data: Some("demo"), ..Options::default() });
    let before = rows::all(&stack.invoices_db, &stack.provider_db);
    for endpoint in invoice_app::routes::routes().endpoints() {
        let url = format!("{}{}", stack.invoices, endpoint.path.replace("{id}", "1"));
        let response = stack.http.delete(&url).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 405, "DELETE {url}");
        let allow = response.headers()["allow"].to_str().unwrap().to_owned();
        assert!(allow.contains(endpoint.method.as_str()), "{url} allows {allow}");
    }
    for path in ["/v1/customers", "/v1/invoices"] {
        let post = |body: Vec<u8>, media_type: &str| {
            let url = format!("{}{path}", stack.invoices);
            stack.http.post(url).header("content-type", media_type.to_owned()).body(body).send()
        };
        assert_eq!(post(b"{}".to_vec(), "text/plain").await.unwrap().status(), 415, "{path}");
        assert_eq!(post(vec![b' '; 1024 * 1024], "application/json").await.unwrap().status(), 413, "{path}");
        assert_eq!(post(b"{\"\xff\":1}".to_vec(), "application/json").await.unwrap().status(), 400, "{path}");
        let deep = "[".repeat(10_000).into_bytes();
        assert_eq!(post(deep, "application/json").await.unwrap().status().as_u16() / 100, 4, "{path}");
    }
    assert_eq!(rows::all(&stack.invoices_db, &stack.provider_db), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_charge_paths_refuse_in_their_own_form() {
    let stack = Stack::start(Engine::Sqlite, Options::default());
    let cases = [
        ("", "body"),
        ("{", "body"),
        (r#"{"currency":"EUX","value":1,"customer_id":1}"#, "currency"),
        (r#"{"currency":"EUR","value":"1","customer_id":1}"#, "value"),
        (r#"{"currency":"EUR","value":1.001,"customer_id":1}"#, "value"),
        (r#"{"currency":"EUR","value":-1,"customer_id":1}"#, "value"),
        (r#"{"currency":"EUR","value":1,"customer_id":"one"}"#, "customer_id"),
        (r#"{"currency":"EUR","value":1}"#, "customer_id"),
    ];
    for path in ["/", "/pp/rest/v1/charge", "/payments/pay"] {
        for (body, field) in cases {
            let response =
                stack.http.post(format!("{}{path}", stack.compat)).body(body).send().await.unwrap();
            assert_eq!(response.status().as_u16(), 400, "{path} {body}");
            let answer: Value = response.json().await.unwrap();
            let error = answer["error"].as_str().unwrap();
            assert!(path == "/payments/pay" || error.contains(field), "{path} {body}: {error}");
        }
        let big = stack
            .http
            .post(format!("{}{path}", stack.compat))
            .body("x".repeat(1024 * 1024))
            .send()
            .await
            .unwrap();
        assert_eq!(big.status().as_u16(), 413, "{path}");
    }
    assert_eq!(rows::number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 0);
}
