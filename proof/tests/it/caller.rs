//! invoice-app's place: signed requests to the payment provider.

use reqwest::Method;
use serde_json::Value;
use service::Clock;
use testkit::Stack;
use testkit::client::{signer, with_certificate};

/// Status and body of a signed request; an empty body for `null`.
pub async fn call(stack: &Stack, method: Method, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let now = Clock::system().seconds();
    let token = signer(&stack.home).sign(method.as_str(), path, body.as_bytes(), now).unwrap();
    let client = with_certificate(&stack.home.path("pki/invoice-app"));
    let request = client.request(method, format!("{}{path}", stack.provider)).bearer_auth(token);
    let response = request.header("content-type", "application/json").body(body).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

/// A signed GET.
pub async fn get(stack: &Stack, path: &str) -> (u16, Value) {
    call(stack, Method::GET, path, Value::Null).await
}

/// A signed POST.
pub async fn post(stack: &Stack, path: &str, body: Value) -> (u16, Value) {
    call(stack, Method::POST, path, body).await
}
