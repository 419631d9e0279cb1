//! Rows 19 to 21: certificates and the transport.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConnection, StreamOwned};
use testkit::client::{INVOICE_APP, PROVIDER, with_certificate};
use testkit::engines;

use crate::forge::Forge;
use crate::lab::{At, Lab};
use crate::pki::{Ca, Pair, identity, leaf, valid};

/// No HTTP answer comes back, and no row is touched.
async fn no_handshake(lab: &Lab, case: &str, client: reqwest::Client) {
    let rows = lab.checksum();
    let token = Forge::of(lab).good();
    let refused = lab.charge_by(&client).bearer_auth(token).send().await;
    assert!(refused.is_err(), "{case} got an answer: {refused:?}");
    assert_eq!(lab.checksum(), rows, "{case}: rows changed");
}

fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

#[tokio::test(flavor = "multi_thread")]
async fn row_19_a_bad_certificate_ends_in_the_handshake() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let pki = lab.home.path("pki");
        let (ours, theirs) = (Ca::ours(&pki), Ca::theirs(&pki));
        let client = |pair: Pair| ours.client(Some(pair), &[&TLS13]);
        let good = leaf(&[INVOICE_APP]);
        let token = Forge::of(&lab).good();
        let known = lab.charge_by(&client(ours.sign(&good))).bearer_auth(token).send().await.unwrap();
        assert_eq!(known.status(), 401, "a good certificate gets an answer (the token is bound to another)");
        let as_ca = with(good.clone(), |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        });
        let mut server_only = good.clone();
        server_only.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        no_handshake(&lab, "no certificate", ours.client(None, &[&TLS13])).await;
        no_handshake(&lab, "self-signed", client(Pair::self_signed(&good))).await;
        no_handshake(&lab, "another CA of the same name", client(theirs.sign(&good))).await;
        no_handshake(&lab, "expired", client(ours.sign(&valid(-20, -1)))).await;
        no_handshake(&lab, "not yet valid", client(ours.sign(&valid(1, 20)))).await;
        no_handshake(&lab, "a CA as leaf", client(ours.sign(&as_ca))).await;
        no_handshake(&lab, "server only", client(ours.sign(&server_only))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_19_a_revoked_certificate_ends_in_the_handshake() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let token = Forge::of(&lab).good();
        assert_eq!(lab.charge().bearer_auth(&token).send().await.unwrap().status(), 200);
        lab.home.run(&["pki", "revoke", "--dir", &lab.home.text("pki"), "invoice-app"]);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            let fresh = with_certificate(&lab.home.path("pki/invoice-app"));
            if lab.charge_by(&fresh).bearer_auth(&token).send().await.is_err() {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "the list is not taken over");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        no_handshake(&lab, "revoked", with_certificate(&lab.home.path("pki/invoice-app"))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_20_a_certificate_of_our_ca_with_another_name_is_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let ours = Ca::ours(&lab.home.path("pki"));
        let token = Forge::of(&lab).good();
        let sa = "spiffe://cluster.local/ns/antaeus/sa";
        let look_alike = "spiffe://cluster.local/ns/antaeus/sa/invoice-app%00";
        let cases: &[(&str, &[&str], u16, &str)] = &[
            ("another workload", &["spiffe://cluster.local/ns/commerce/sa/orders"], 403, "wrong_peer"),
            ("the provider itself", &[PROVIDER], 403, "wrong_peer"),
            ("another namespace", &["spiffe://cluster.local/ns/default/sa/invoice-app"], 403, "wrong_peer"),
            ("another trust domain", &["spiffe://evil.example/ns/antaeus/sa/invoice-app"], 403, "wrong_peer"),
            ("a longer name", &[&format!("{sa}/invoice-app2")], 403, "wrong_peer"),
            (
                "two URIs, ours first",
                &[INVOICE_APP, "spiffe://cluster.local/ns/a/sa/b"],
                401,
                "bad_peer_identity",
            ),
            ("two URIs, ours last", &["https://evil.example", INVOICE_APP], 401, "bad_peer_identity"),
            ("ours twice", &[INVOICE_APP, INVOICE_APP], 401, "bad_peer_identity"),
            ("no URI, the common name only", &[], 401, "bad_peer_identity"),
            ("a trailing dot", &[&format!("{sa}/invoice-app.")], 401, "bad_peer_identity"),
            ("a trailing slash", &[&format!("{sa}/invoice-app/")], 401, "bad_peer_identity"),
            ("upper case", &[&format!("{sa}/Invoice-App")], 401, "bad_peer_identity"),
            (
                "an upper case scheme",
                &["SPIFFE://cluster.local/ns/antaeus/sa/invoice-app"],
                401,
                "bad_peer_identity",
            ),
            ("a wildcard", &[&format!("{sa}/*")], 401, "bad_peer_identity"),
            ("a port", &["spiffe://cluster.local:443/ns/antaeus/sa/invoice-app"], 401, "bad_peer_identity"),
            ("a query", &[&format!("{INVOICE_APP}?x=1")], 401, "bad_peer_identity"),
            ("a NUL", &[look_alike], 401, "bad_peer_identity"),
            ("dots", &["spiffe://cluster.local/ns/x/../antaeus/sa/invoice-app"], 401, "bad_peer_identity"),
        ];
        for (case, uris, status, reason) in cases {
            let client = ours.client(Some(ours.sign(&leaf(uris))), &[&TLS13]);
            let request = lab.charge_by(&client).bearer_auth(&token);
            lab.refused(case, At::Provider, request, (*status, reason)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_21_older_tls_plaintext_and_resumption_are_refused() {
    for engine in engines() {
        let lab = Lab::start(engine).await;
        let ours = Ca::ours(&lab.home.path("pki"));
        let good = ours.sign(&leaf(&[INVOICE_APP]));
        no_handshake(&lab, "TLS 1.2", ours.client(Some(good), &[&TLS12])).await;
        let plain = lab.provider_url.replace("https", "http");
        let answer = lab.http.post(format!("{plain}/pp/rest/v1/charges")).body("{}").send().await;
        assert!(answer.is_err(), "plain HTTP was answered: {answer:?}");
        assert_eq!(tickets(&lab), 0, "a session could be resumed");
    }
}

/// How many tickets a connection is given with which another one could skip the certificate check.
fn tickets(lab: &Lab) -> u32 {
    let own = identity(&lab.home.path("pki/invoice-app"));
    let config = Arc::new(own.client_config(PROVIDER.parse().unwrap()).unwrap());
    let connection = ClientConnection::new(config, "localhost".try_into().unwrap()).unwrap();
    let tcp = TcpStream::connect(lab.provider_url.strip_prefix("https://").unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, tcp);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&answer));
    stream.conn.tls13_tickets_received()
}
