//! Files that cannot be used change nothing.

use std::path::Path;

use proof::invariants::open;
use service::Clock;
use testkit::client::{signer, with_certificate};
use testkit::{Engine, Home};

use crate::payments::customer;
use crate::running::{Running, copy, put, until};

/// Breaks something, and gives what the log is to say of it.
type Break = fn(&Home, &Path) -> &'static str;

fn read(home: &Home, inside: &str) -> Vec<u8> {
    std::fs::read(home.path(inside)).expect("a file")
}

fn half_a_certificate(_: &Home, folder: &Path) -> &'static str {
    let whole = std::fs::read(folder.join("cert.pem")).expect("a file");
    put(&folder.join("cert.pem"), &whole[..whole.len() / 2]);
    "holds no certificate"
}

fn another_ones_key(home: &Home, folder: &Path) -> &'static str {
    put(&folder.join("key.pem"), read(home, "other/pki/key.pem"));
    "are not a pair"
}

fn another_workload(home: &Home, folder: &Path) -> &'static str {
    copy(&home.path("other/pki"), folder);
    "is for spiffe://elsewhere"
}

fn an_expired_one(home: &Home, folder: &Path) -> &'static str {
    let name = folder.file_name().and_then(|name| name.to_str()).expect("a name");
    let long_ago = Clock::system().seconds() - 100 * 86_400;
    home.run_at(&["pki", "renew", "--dir", &home.text("pki"), name, "--days", "99"], long_ago);
    "expired"
}

fn another_ca(home: &Home, folder: &Path) -> &'static str {
    put(&folder.join("ca.pem"), read(home, "other/pki/ca.pem"));
    "is refused under its own ca.pem"
}

fn a_list_that_is_none(_: &Home, folder: &Path) -> &'static str {
    put(&folder.join("crl.pem"), "");
    "crl.pem holds no certificate revocation list"
}

fn half_a_charge_key(home: &Home, _: &Path) -> &'static str {
    let whole = read(home, "keys/charge/private.pem");
    put(&home.path("keys/charge/private.pem"), &whole[..whole.len() / 2]);
    "CHARGE_KEY_FILE"
}

fn no_charge_keys(home: &Home, _: &Path) -> &'static str {
    put(&home.path("keys/charge/jwks.json"), "{\"keys\":[]}");
    "the JWKS holds no key"
}

const IDENTITIES: [Break; 6] =
    [half_a_certificate, another_ones_key, another_workload, an_expired_one, another_ca, a_list_that_is_none];

/// Breaks it, waits until the service says so, asks for a payment, puts all back.
async fn broken(all: &Running, what: &str, name: &str, break_it: Break) {
    let (folder, keys) = (all.home.path(&format!("pki/{name}")), all.home.path("keys/charge"));
    let (kept, kept_keys) = (all.home.path("kept"), all.home.path("kept-keys"));
    copy(&folder, &kept);
    copy(&keys, &kept_keys);
    let before = (all.refused(what).await, all.taken_over(what).await);
    let sentence = break_it(&all.home, &folder);
    until(sentence, async || all.refused(what).await > before.0).await;
    let log = if what == "caller" { all.invoice_app.log() } else { all.provider.log() };
    let said = log.lines().rfind(|line| line.contains("stays in force")).expect("a warning");
    assert!(said.contains(sentence), "{said}");
    pays(all, sentence).await;
    let _ = std::fs::remove_file(folder.join("crl.pem"));
    copy(&kept, &folder);
    copy(&kept_keys, &keys);
    assert_eq!((all.refused(what).await, all.taken_over(what).await), (before.0 + 1, before.1), "{sentence}");
}

async fn pays(all: &Running, sentence: &str) {
    let post = |path: &str| all.http.post(format!("{}{path}", all.url));
    let invoice = serde_json::json!({"customer_id": 1, "amount": {"value": 9.99, "currency": "EUR"}});
    let created = post("/v1/invoices").json(&invoice).send().await.expect("an answer");
    assert_eq!(created.status(), 201, "{sentence}");
    post("/rest/v1/invoices/pay").send().await.expect("an answer");
    assert_eq!(open(&all.invoices.open()), 0, "{sentence}: it was not paid");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_cannot_be_used_leaves_what_was_in_force() {
    let all = Running::start(Engine::Sqlite).await;
    customer(&all).await;
    let other = all.home.text("other/made");
    all.home.run(&["pki", "init", "--dir", &other, "--trust-domain", "elsewhere"]);
    copy(&all.home.path("other/made/payment-provider"), &all.home.path("other/pki"));
    for break_it in IDENTITIES.into_iter().chain([half_a_charge_key as Break]) {
        broken(&all, "caller", "invoice-app", break_it).await;
    }
    for break_it in IDENTITIES {
        broken(&all, "identity", "payment-provider", break_it).await;
    }
    broken(&all, "charge_jwks", "payment-provider", no_charge_keys).await;
    // The first client still meets the first server, and a new one too.
    let client = with_certificate(&all.home.path("pki/invoice-app"));
    assert_eq!(all.ask(&client, &signer(&all.home)).await, Ok(200));
    assert_eq!(all.provider.sum(&all.http, "auth_refusals_total", &[]).await, 0);
}
