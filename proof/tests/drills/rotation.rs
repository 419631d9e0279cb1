//! The rotation drill: everything that can be replaced is, while payments go on.

use testkit::{Home, engines};

use crate::payments::Payments;
use crate::running::{Running, put};

const SERVICES: [&str; 2] = ["invoice-app", "payment-provider"];
/// What holds a certificate: invoice-app's client, the provider's server.
const CERTIFICATES: &[&str] = &["caller", "identity"];
/// Many, because what can go wrong goes wrong within the milliseconds around one.
const RENEWALS: usize = 10;

fn rotate(home: &Home, step: &str) {
    home.run(&["keys", "rotate", "--dir", &home.text("keys"), "--issuer", "charge", "--step", step]);
}

fn read(home: &Home, inside: &str) -> String {
    std::fs::read_to_string(home.path(inside)).expect("a file")
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_certificates_and_the_ca_are_replaced_and_no_payment_fails() {
    for engine in engines() {
        let all = Running::start(engine).await;
        let payments = Payments::start(&all).await;

        all.reloading(&["charge_jwks"], |home| rotate(home, "publish")).await;
        payments.go_on(&all).await;
        all.reloading(&["caller"], |home| rotate(home, "switch")).await;
        payments.go_on(&all).await;
        all.reloading(&["charge_jwks"], |home| rotate(home, "retire")).await;
        payments.go_on(&all).await;

        for _ in 0..RENEWALS {
            let before = SERVICES.map(|name| read(&all.home, &format!("pki/{name}/cert.pem")));
            all.reloading(CERTIFICATES, |home| {
                home.run(&["pki", "renew", "--dir", &home.text("pki")]);
            })
            .await;
            payments.go_on(&all).await;
            assert_ne!(before, SERVICES.map(|name| read(&all.home, &format!("pki/{name}/cert.pem"))));
        }

        replace_the_ca(&all, &payments).await;
        println!("{engine:?}: {} invoices paid once each", payments.end(&all).await);
    }
}

/// As the README of antaeusctl says: trust both, show the new one's, trust the new one.
async fn replace_the_ca(all: &Running, payments: &Payments) {
    all.home.run(&["pki", "init", "--dir", &all.home.text("next")]);
    let [old, new] = ["pki", "next"].map(|pki| read(&all.home, &format!("{pki}/ca/ca.pem")));
    let trust = |home: &Home, cas: &str| {
        for name in SERVICES {
            put(&home.path(&format!("pki/{name}/ca.pem")), cas);
        }
    };
    all.reloading(CERTIFICATES, |home| trust(home, &format!("{old}{new}"))).await;
    payments.go_on(all).await;
    all.reloading(CERTIFICATES, |home| {
        for name in SERVICES {
            for file in ["key.pem", "cert.pem"] {
                put(&home.path(&format!("pki/{name}/{file}")), read(home, &format!("next/{name}/{file}")));
            }
        }
    })
    .await;
    payments.go_on(all).await;
    all.reloading(CERTIFICATES, |home| trust(home, &new)).await;
    payments.go_on(all).await;
}
