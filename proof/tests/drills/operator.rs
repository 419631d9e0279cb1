//! The operator's key is replaced while callers use theirs.

use testkit::{Engine, Home, Options, Stack};

use crate::running::until;

fn issue(home: &Home) -> String {
    let key = home.text("keys/operator/private.pem");
    home.run(&["keys", "issue", "--key", &key, "--sub", "team:billing", "--scope", "invoices:read"])
}

async fn status(stack: &Stack, key: &str) -> u16 {
    let request = stack.http.get(format!("{}/v1/invoices", stack.invoices)).bearer_auth(key);
    request.send().await.expect("an answer").status().as_u16()
}

async fn has(stack: &Stack, line: &str) -> bool {
    let answer = stack.http.get(format!("{}/metrics", stack.invoices_admin)).send().await;
    answer.expect("an answer").text().await.expect("text").contains(line)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_the_next_operator_key_open_and_those_of_a_retired_one_do_not() {
    let home = Home::new();
    let jwks = ("API_JWKS_FILE", home.text("keys/operator/jwks.json"));
    let options = Options {
        invoice_app: vec![("AUTH", "keys".into()), jwks, ("RELOAD_MS", "100".into())],
        ..Options::default()
    };
    let stack = Stack::start(Engine::Sqlite, options);
    let keys = home.text("keys");
    let step = |step| home.run(&["keys", "rotate", "--dir", &keys, "--issuer", "operator", "--step", step]);
    let taken_over = "identity_reloads_total{result=\"taken_over\",what=\"api_jwks\"}";

    let old = issue(&home);
    assert_eq!(status(&stack, &old).await, 200);
    step("publish");
    until("the next key is known", async || has(&stack, &format!("{taken_over} 1")).await).await;
    step("switch");
    let new = issue(&home);
    assert_eq!((status(&stack, &old).await, status(&stack, &new).await), (200, 200));
    step("retire");
    until("the old key is forgotten", async || has(&stack, &format!("{taken_over} 2")).await).await;
    assert_eq!((status(&stack, &old).await, status(&stack, &new).await), (401, 200));
    let refused = "auth_refusals_total{layer=\"application\",principal=\"none\",reason=\"unknown_kid\"} 1";
    assert!(has(&stack, refused).await);
}
