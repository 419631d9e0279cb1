//! Attacks 19, 21 and 22: handshakes, in memory.

use std::sync::Arc;

use gate::tls::{Current, Identity, server_config};
use gate::{Peer, SpiffeId};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{
    ClientConfig, ClientConnection, Error, HandshakeKind, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

use crate::forge::{CALLER, OTHER};
use crate::pki::{Ca, last, leaf};

pub(crate) const SERVER: &str = "spiffe://cluster.local/ns/payments/sa/payment-provider";

/// Both ends after a handshake, or the first error and who met it.
pub(crate) type Met = Result<(ServerConnection, ClientConnection), (&'static str, Error)>;

pub(crate) fn meet(server: ServerConfig, client: ClientConfig) -> Met {
    meet_at(Arc::new(server), Arc::new(client), "localhost")
}

pub(crate) fn meet_at(server: Arc<ServerConfig>, client: Arc<ClientConfig>, name: &'static str) -> Met {
    let mut server = ServerConnection::new(server).unwrap();
    let mut client = ClientConnection::new(client, name.try_into().unwrap()).unwrap();
    while client.wants_write() || server.wants_write() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            server.read_tls(&mut wire).unwrap();
            server.process_new_packets().map_err(|error| ("server", error))?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut wire = wire.as_slice();
        while !wire.is_empty() {
            client.read_tls(&mut wire).unwrap();
            client.process_new_packets().map_err(|error| ("client", error))?;
        }
    }
    assert!(!server.is_handshaking() && !client.is_handshaking());
    Ok((server, client))
}

pub(crate) fn refused_by(met: Met) -> &'static str {
    met.map(|_| ()).unwrap_err().0
}

pub(crate) fn id(text: &str) -> SpiffeId {
    text.parse().unwrap()
}

/// A server with one identity for ever.
pub(crate) fn serving(identity: Identity) -> ServerConfig {
    let identity = Arc::new(identity);
    server_config(Current::new(move || Arc::clone(&identity))).unwrap()
}

fn server(ca: &Ca) -> ServerConfig {
    serving(ca.identity(&leaf(&[SERVER])))
}

pub(crate) fn client(identity: &Identity) -> ClientConfig {
    identity.client_config(id(SERVER)).unwrap()
}

fn client_with(ca: &Ca, params: &CertificateParams) -> ClientConfig {
    client(&ca.identity(params))
}

/// A client without a certificate, with any version of TLS.
fn nobody(ca: &Ca, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.pem.as_bytes()).unwrap()).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[test]
fn a_good_pair_meets_over_tls_1_3_and_the_server_knows_who_calls() {
    let ca = Ca::new();
    let caller = ca.identity(&leaf(&[CALLER]));
    let (server, client) = meet(server(&ca), client(&caller)).unwrap();
    let shown = server.peer_certificates().unwrap();
    let peer = Peer::from_certificate(&shown[0]).unwrap();
    assert_eq!((&peer.id, peer.thumbprint), (caller.id(), Some(caller.thumbprint())));
    assert_eq!(server.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[test]
fn a_client_without_a_certificate_is_refused() {
    let ca = Ca::new();
    let met = meet(server(&ca), nobody(&ca, &[&rustls::version::TLS13]));
    assert_eq!(met.unwrap_err(), ("server", Error::NoCertificatesPresented));
}

#[test]
fn a_client_of_another_ca_is_refused() {
    let (ca, other) = (Ca::new(), Ca::new());
    let stranger = other.sign(&leaf(&[CALLER])).trusting(&ca);
    assert_eq!(refused_by(meet(server(&ca), client(&stranger))), "server");
}

#[test]
fn a_client_refuses_a_server_of_another_ca() {
    let (ca, other) = (Ca::new(), Ca::new());
    let impostor = serving(other.sign(&leaf(&[SERVER])).trusting(&ca));
    assert_eq!(refused_by(meet(impostor, client_with(&ca, &leaf(&[CALLER])))), "client");
}

#[test]
fn a_client_refuses_the_right_name_on_the_wrong_workload() {
    let ca = Ca::new();
    for uris in [&[OTHER][..], &[SERVER, OTHER], &[]] {
        let pair = ca.sign(&leaf(uris));
        let config = plain_server(&ca, &pair);
        let met = meet(config, client_with(&ca, &leaf(&[CALLER])));
        let (who, error) = met.unwrap_err();
        assert_eq!(who, "client");
        let expected = rustls::CertificateError::ApplicationVerificationFailure;
        assert_eq!(error, Error::InvalidCertificate(expected), "{uris:?}");
    }
}

#[test]
fn a_client_that_goes_by_name_asks_for_our_ca_and_the_name_and_for_no_workload() {
    let (ca, other) = (Ca::new(), Ca::new());
    let by_name = || ca.identity(&leaf(&[CALLER])).client_config_by_name().unwrap();
    for uris in [&[SERVER][..], &[OTHER], &[]] {
        let (server, _) = meet(plain_server(&ca, &ca.sign(&leaf(uris))), by_name()).unwrap();
        assert_eq!(server.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    }
    let shown = meet(server(&ca), by_name()).unwrap().0;
    assert!(shown.peer_certificates().is_some(), "it shows its certificate to those who ask");
    assert_eq!(refused_by(meet(plain_server(&ca, &other.sign(&leaf(&[SERVER]))), by_name())), "client");
    let mut elsewhere = leaf(&[SERVER]);
    elsewhere.subject_alt_names.remove(0);
    assert_eq!(refused_by(meet(plain_server(&ca, &ca.sign(&elsewhere)), by_name())), "client");
}

/// A server that rustls alone sets up: our own would not load such certificates.
fn plain_server(ca: &Ca, pair: &crate::pki::Pair) -> ServerConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.pem.as_bytes()).unwrap()).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.der.clone().into()], key)
        .unwrap()
}

#[test]
fn a_client_refuses_the_right_workload_under_another_dns_name() {
    let ca = Ca::new();
    let caller = Arc::new(client_with(&ca, &leaf(&[CALLER])));
    let met = meet_at(Arc::new(server(&ca)), caller, "example.org");
    assert_eq!(refused_by(met), "client");
}

#[test]
fn tls_1_2_is_refused_by_both_ends() {
    let ca = Ca::new();
    let met = meet(server(&ca), nobody(&ca, &[&rustls::version::TLS12]));
    let (who, error) = met.unwrap_err();
    assert_eq!(who, "server");
    assert!(matches!(error, Error::PeerIncompatible(_)), "{error}");
    let pair = ca.sign(&leaf(&[SERVER]));
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let old = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.der.into()], key)
        .unwrap();
    assert!(meet(old, client_with(&ca, &leaf(&[CALLER]))).is_err());
}

#[test]
fn an_expired_or_future_certificate_is_refused_at_both_ends() {
    let ca = Ca::new();
    for (from, until) in [(0, 1_000), (3_900_000_000, 4_000_000_000)] {
        let (mut caller, mut callee) = (leaf(&[CALLER]), leaf(&[SERVER]));
        last(&mut caller, from, until);
        last(&mut callee, from, until);
        assert_eq!(refused_by(meet(server(&ca), client_with(&ca, &caller))), "server");
        let stale = serving(ca.identity(&callee));
        assert_eq!(refused_by(meet(stale, client_with(&ca, &leaf(&[CALLER])))), "client");
    }
}

#[test]
fn a_servers_certificate_does_not_make_a_client() {
    let ca = Ca::new();
    let mut params = leaf(&[CALLER]);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert_eq!(refused_by(meet(server(&ca), client_with(&ca, &params))), "server");
}

#[test]
fn a_second_connection_is_a_full_handshake_again() {
    let ca = Ca::new();
    let server = Arc::new(server(&ca));
    let mut eager = client_with(&ca, &leaf(&[CALLER]));
    eager.resumption = rustls::client::Resumption::in_memory_sessions(8);
    let eager = Arc::new(eager);
    for _ in 0..2 {
        let met = meet_at(Arc::clone(&server), Arc::clone(&eager), "localhost");
        let (_, client) = met.unwrap();
        assert_ne!(client.handshake_kind(), Some(HandshakeKind::Resumed));
        assert_eq!(client.tls13_tickets_received(), 0);
    }
}

#[test]
fn plain_text_on_the_tls_port_is_refused() {
    let mut server = ServerConnection::new(Arc::new(server(&Ca::new()))).unwrap();
    server.read_tls(&mut &b"POST /pp/rest/v1/charges HTTP/1.1\r\n\r\n"[..]).unwrap();
    assert!(server.process_new_packets().is_err());
}

#[test]
fn another_protocol_than_http_1_1_is_refused() {
    let ca = Ca::new();
    let mut other = client_with(&ca, &leaf(&[CALLER]));
    other.alpn_protocols = vec![b"h2".to_vec()];
    let error = meet(server(&ca), other).unwrap_err().1;
    assert_eq!(error, Error::NoApplicationProtocol);
}
