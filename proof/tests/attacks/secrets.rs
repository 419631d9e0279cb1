//! Row 24: what must not be written anywhere.

use serde_json::json;
use testkit::engines;

use crate::forge::Forge;
use crate::lab::{BODY, Lab};

/// A three-part token, or what would be one.
fn holds_a_token(text: &str) -> Option<&str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.split(|c: char| !part(c) && c != '.').find(|word| word.starts_with("eyJ") && word.len() > 60)
}

#[tokio::test(flavor = "multi_thread")]
async fn row_24_no_token_and_no_key_is_in_any_log_metric_or_answer() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let operator = lab.home.text("keys/operator/private.pem");
        let scopes = "invoices:read,customers:read,customers:write,billing:run";
        let key = lab.home.run(&["keys", "issue", "--key", &operator, "--sub", "team:t", "--scope", scopes]);
        let mut seen = Vec::new();
        let tokens = [forge.good(), forge.header_with("crit", json!(["x"])), format!("{}x", forge.good())];
        for token in &tokens {
            for body in [BODY.to_owned(), "{".to_owned(), token.clone(), format!("{{\"items\":\"{token}\"}}")]
            {
                let answer = lab.charge().bearer_auth(token).body(body).send().await.unwrap();
                seen.push(answer.text().await.unwrap());
            }
        }
        let get = |path: &str| lab.http.get(format!("{}{path}", lab.invoices_url));
        for request in [
            get("/v1/invoices").bearer_auth(&key),
            get("/v1/invoices").bearer_auth(format!("{key}x")),
            get("/v1/nothing").header("X-API-Key", &key),
            get("/v1/invoices/999").bearer_auth(&key),
            lab.http.post(format!("{}/invoices/pay", lab.invoices_url)).bearer_auth(&key),
            lab.http.post(format!("{}/v1/customers", lab.invoices_url)).bearer_auth(&key).body("{"),
        ] {
            seen.push(request.send().await.unwrap().text().await.unwrap());
        }
        for service in [&lab.provider, &lab.invoice_app] {
            seen.extend([service.log(), service.metrics(&lab.http).await]);
        }
        let private = ["charge", "operator"].map(|issuer| {
            let pem = std::fs::read_to_string(lab.home.path(&format!("keys/{issuer}/private.pem"))).unwrap();
            pem.lines().nth(1).unwrap().to_owned()
        });
        for text in seen {
            assert_eq!(holds_a_token(&text), None);
            for secret in ["Bearer", "PRIVATE KEY", "BEGIN CERT", private[0].as_str(), private[1].as_str()] {
                assert!(!text.contains(secret), "{secret} is in: {}", &text[..text.len().min(2_000)]);
            }
        }
    }
}
