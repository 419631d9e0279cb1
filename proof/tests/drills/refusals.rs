//! What was replaced opens nothing any more. A handshake that the provider refuses is an error here, of one of several
//! texts: in TLS 1.3 the client is done before it hears of it.

use std::time::Duration;

use gate::tls::Identity;
use service::Clock;
use testkit::Engine;
use testkit::client::{signer, signer_with, with_certificate};

use crate::running::{Running, copy, until};

const DAY: i64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_key_signs_nothing() {
    let all = Running::start(Engine::Sqlite).await;
    let folder = all.home.path("pki/invoice-app");
    let (client, old) = (with_certificate(&folder), signer(&all.home));
    let keys = all.home.text("keys");
    let rotate = ["keys", "rotate", "--dir", &keys, "--issuer", "charge", "--step"];
    for (step, reloads) in [("publish", "charge_jwks"), ("switch", "caller"), ("retire", "charge_jwks")] {
        assert_eq!(all.ask(&client, &old).await, Ok(200), "before {step}");
        all.reloading(&[reloads], |home| {
            home.run(&[&rotate[..], &[step]].concat());
        })
        .await;
    }
    assert_eq!(all.ask(&client, &old).await, Ok(401));
    assert_eq!(all.refusals("unknown_kid").await, 1);
    assert_eq!(all.ask(&client, &signer(&all.home)).await, Ok(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_opens_no_connection_and_keeps_none() {
    let all = Running::start(Engine::Sqlite).await;
    let (pki, folder, old) = (all.home.text("pki"), all.home.path("pki/invoice-app"), all.home.path("old"));
    copy(&folder, &old);
    let (standing, its_signer) = (with_certificate(&old), signer(&all.home));
    assert_eq!(all.ask(&standing, &its_signer).await, Ok(200));
    all.reloading(&["caller"], |home| {
        home.run(&["pki", "renew", "--dir", &pki, "invoice-app"]);
    })
    .await;
    assert_eq!(all.ask(&with_certificate(&old), &its_signer).await, Ok(200), "renewed and not yet revoked");
    all.reloading(&["identity", "caller"], |home| {
        home.run(&["pki", "revoke", "--dir", &pki, "--cert", &old.join("cert.pem").display().to_string()]);
    })
    .await;
    all.ask(&with_certificate(&old), &its_signer).await.expect_err("no handshake");
    assert_eq!(all.ask(&standing, &its_signer).await, Ok(401));
    assert_eq!(all.refusals("peer_untrusted").await, 1);
    let log = all.provider.log();
    let audit = log.lines().find(|line| line.contains("peer_untrusted")).expect("an audit line");
    assert!(audit.contains("ns/antaeus/sa/invoice-app"), "{audit}");
    assert_eq!(all.ask(&with_certificate(&folder), &signer(&all.home)).await, Ok(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_ends_with_its_certificate() {
    let all = Running::start(Engine::Sqlite).await;
    let (pki, folder) = (all.home.text("pki"), all.home.path("pki/invoice-app"));
    let end = Clock::system().seconds() + 3;
    let renew = ["pki", "renew", "--dir", &pki, "invoice-app", "--days", "1"];
    all.home.run_at(&renew, end - DAY);
    let identity = Identity::load(&folder).expect("an identity");
    assert_eq!(identity.expires_at(), end);
    let signer = signer_with(&all.home.path("keys/charge/private.pem"), Some(identity.thumbprint()));
    let (standing, late) = (with_certificate(&folder), with_certificate(&folder));
    assert_eq!(all.ask(&standing, &signer).await, Ok(200));
    let expiry = "certificate_expiry_seconds{what=\"caller\"}";
    let shown = async || all.invoice_app.metric(&all.http, expiry).await;
    until("its end is shown", async || i64::try_from(shown().await) == Ok(end)).await;
    until("the connection ends", async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = Clock::system().seconds();
        // An error would be a handshake: the connection must be the first one all along.
        let status = all.ask(&standing, &signer).await.expect("a connection that stands");
        assert!(status == 401 || now <= end, "{status} at {now}, which is after {end}");
        status == 401
    })
    .await;
    assert!(all.refusals("peer_expired").await >= 1);
    all.ask(&late, &signer).await.expect_err("no handshake");
    assert_eq!(all.ask(&standing, &signer).await, Ok(401), "the provider itself is there");
}
