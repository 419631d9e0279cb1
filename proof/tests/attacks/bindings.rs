//! Rows 15 to 18: a good token in the wrong hands, on another request, once more, or with too little in it.

use contracts::charge::CHARGES_PATH;
use serde_json::{Value, json};
use service::Clock;
use testkit::client::{signer, with_certificate};
use testkit::{Home, engines};

use crate::forge::Forge;
use crate::headers::unauthorized;
use crate::lab::{At, BODY, Lab};

#[tokio::test(flavor = "multi_thread")]
async fn row_15_a_token_over_another_certificate_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let token = Forge::of(&lab).good();
        // The same workload with a renewed certificate: the right name, and not the right key.
        let pki = lab.home.text("pki");
        lab.home.run(&["pki", "renew", "--dir", &pki, "invoice-app"]);
        let renewed = with_certificate(&lab.home.path("pki/invoice-app"));
        let request = lab.charge_by(&renewed).bearer_auth(&token);
        lab.refused("renewed", At::Provider, request, (401, "binding_mismatch")).await;
        let own = Forge::of(&lab).good();
        assert_eq!(lab.charge_by(&renewed).bearer_auth(own).send().await.unwrap().status(), 200);
        let other = Forge::of(&lab).good();
        unauthorized(&lab, &[("the other way round", other, "binding_mismatch")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_16_a_replay_gets_the_stored_answer_and_nothing_else() {
    for engine in engines() {
        let mut lab = Lab::start(engine).await;
        let forge = Forge::of(&lab);
        let token = forge.good();
        let first = lab.charge().bearer_auth(&token).send().await.unwrap();
        let first: Value = first.json().await.unwrap();
        assert_eq!(
            (&first["results"][0]["verdict"], &first["results"][0]["replayed"]),
            (&json!("captured"), &json!(false))
        );
        let rows = lab.checksum();
        let again = async |lab: &Lab| -> Value {
            let answer = lab.charge().bearer_auth(&token).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.json().await.unwrap()
        };
        let replay = again(&lab).await;
        assert_eq!(
            (&replay["results"][0]["verdict"], &replay["results"][0]["replayed"]),
            (&json!("captured"), &json!(true))
        );
        assert_eq!(lab.checksum(), rows, "a replay changed rows");
        let other = lab.charge().bearer_auth(&token).body(BODY.replace("100", "999"));
        lab.refused("other body", At::Provider, other, (401, "body_mismatch")).await;
        lab.provider.kill();
        lab.provider.start(&lab.http).await;
        assert_eq!(again(&lab).await, replay, "after a restart");
        assert_eq!(lab.checksum(), rows, "a replay after a restart changed rows");
        let ago = signer(&lab.home).sign("POST", CHARGES_PATH, BODY.as_bytes(), forge.now - 66).unwrap();
        unauthorized(&lab, &[("after exp", ago, "expired")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_17_a_token_for_another_request_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let token = Forge::of(&lab).good();
        let url = format!("{}{CHARGES_PATH}", lab.provider_url);
        let post = |url: String| lab.caller.post(url).header("content-type", "application/json").body(BODY);
        for (case, request, reason) in [
            ("body", lab.charge().body(BODY.replace("100", "999")), "body_mismatch"),
            ("one blank more", lab.charge().body(format!("{BODY} ")), "body_mismatch"),
            ("no body", lab.charge().body(""), "body_mismatch"),
            ("method", lab.caller.get(&url), "method_mismatch"),
            ("query", post(format!("{url}?x=1")), "path_mismatch"),
            ("path", post(format!("{}/pp/rest/v1/accounts", lab.provider_url)), "path_mismatch"),
            ("another spelling", post(url.replace("/v1/", "/%761/")), "path_mismatch"),
            ("a slash more", post(format!("{url}/")), "path_mismatch"),
            ("a path that is not there", post(format!("{}/nowhere", lab.provider_url)), "path_mismatch"),
        ] {
            lab.refused(case, At::Provider, request.bearer_auth(&token), (401, reason)).await;
        }
        assert_eq!(lab.charge().bearer_auth(&token).send().await.unwrap().status(), 200, "the token is good");
        // Requests that have no body were signed as having none.
        let now = Clock::system().seconds();
        for (method, path) in [("POST", "/pp/rest/v1/charges/k:1/abandon"), ("GET", "/pp/rest/v1/accounts")] {
            let sign = |body: &[u8]| signer(&lab.home).sign(method, path, body, now).unwrap();
            let ask = |token: String| {
                let url = format!("{}{path}", lab.provider_url);
                lab.caller.request(method.parse().unwrap(), url).bearer_auth(token)
            };
            let signed_over_another = ask(sign(b"x"));
            lab.refused(path, At::Provider, signed_over_another, (401, "body_mismatch")).await;
            assert_eq!(ask(sign(b"")).send().await.unwrap().status(), 200, "{method} {path}");
        }
    }
}

fn key(home: &Home, sub: &str, scope: &str) -> String {
    let operator = home.text("keys/operator/private.pem");
    home.run(&["keys", "issue", "--key", &operator, "--sub", sub, "--scope", scope])
}

#[tokio::test(flavor = "multi_thread")]
async fn row_18_a_key_opens_its_scopes_and_nothing_else() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let read = key(&lab.home, "team:support", "invoices:read");
        let pay = |path: &str| lab.http.post(format!("{}{path}", lab.invoices_url));
        for path in
            ["/invoices/pay", "/rest/v1/invoices/pay", "/rest/v1/billing", "/v1/invoices", "/v1/customers"]
        {
            let request = pay(path).bearer_auth(&read).header("content-type", "application/json").body("{}");
            let line = lab.refused(path, At::InvoiceApp, request, (403, "wrong_scope")).await;
            assert_eq!(line["subject"], "team:support", "{path}");
        }
        let customers = lab.http.get(format!("{}/v1/customers", lab.invoices_url)).header("X-API-Key", &read);
        lab.refused("another list", At::InvoiceApp, customers, (403, "wrong_scope")).await;
        // Each kind of token opens one kind of door.
        let charge = Forge::of(&lab).good();
        let request = pay("/invoices/pay").bearer_auth(&charge);
        lab.refused("a charge token", At::InvoiceApp, request, (401, "wrong_typ")).await;
        let everything = key(&lab.home, "team:billing", "billing:run,charge:compat");
        let request = lab.charge().bearer_auth(&everything);
        lab.refused("an API key", At::Provider, request, (401, "wrong_typ")).await;
        let ok = lab.http.get(format!("{}/v1/invoices", lab.invoices_url)).bearer_auth(&read).send().await;
        assert_eq!(ok.unwrap().status(), 200, "the key is good");
        let _ = Clock::system();
    }
}
