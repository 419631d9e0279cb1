//! Identities that are replaced, revoked or ended while connections stand.

use std::sync::{Arc, RwLock};

use gate::tls::{Current, Identity, server_config};
use gate::{Peer, Refusal};
use rcgen::CertificateParams;
use rustls::{CertificateError, ClientConfig, Error};

use crate::forge::{CALLER, NOW};
use crate::pki::{Ca, Pair, last, leaf};
use crate::tls::{SERVER, client, meet, meet_at, serving};

fn numbered(uri: &str, serial: u64) -> CertificateParams {
    let mut params = leaf(&[uri]);
    params.serial_number = Some(serial.into());
    params
}

fn caller(ca: &Ca, serial: u64) -> (Pair, ClientConfig) {
    let pair = ca.sign(&numbered(CALLER, serial));
    let config = client(&pair.trusting(ca));
    (pair, config)
}

#[test]
fn a_server_shows_and_trusts_what_is_in_force_at_each_handshake() {
    let (old, new) = (Ca::new(), Ca::new());
    let both = format!("{}{}", old.pem, new.pem);
    let in_force = Arc::new(RwLock::new(Arc::new(old.identity(&leaf(&[SERVER])))));
    let asked = Arc::clone(&in_force);
    let server = Arc::new(server_config(Current::new(move || Arc::clone(&asked.read().unwrap()))).unwrap());
    let swap = |identity: Identity| *in_force.write().unwrap() = Arc::new(identity);
    let trusting = |pair: &Pair| {
        let dir = tempfile::tempdir().unwrap();
        pair.write(dir.path(), &both);
        Identity::load(dir.path()).unwrap()
    };
    let of_old = Arc::new(client(&trusting(&old.sign(&leaf(&[CALLER])))));
    let of_new = Arc::new(client(&trusting(&new.sign(&leaf(&[CALLER])))));
    let meets = |client: &Arc<ClientConfig>| meet_at(Arc::clone(&server), Arc::clone(client), "localhost");
    assert!(meets(&of_old).is_ok() && meets(&of_new).is_err());
    let (mut standing, mut its_client) = meets(&of_old).unwrap();

    swap(trusting(&old.sign(&leaf(&[SERVER]))));
    assert!(meets(&of_old).is_ok() && meets(&of_new).is_ok(), "two CAs while one is being changed");

    let certificate = new.sign(&leaf(&[SERVER]));
    swap(certificate.trusting(&new));
    assert!(meets(&of_old).is_err());
    let (_, client) = meets(&of_new).unwrap();
    assert_eq!(client.peer_certificates().unwrap()[0].as_ref(), certificate.der);

    let mut wire = Vec::new();
    std::io::Write::write_all(&mut its_client.writer(), b"still here").unwrap();
    its_client.write_tls(&mut wire).unwrap();
    standing.read_tls(&mut wire.as_slice()).unwrap();
    assert_eq!(standing.process_new_packets().unwrap().plaintext_bytes_to_read(), 10);
}

#[test]
fn a_revoked_certificate_is_refused_at_both_ends_and_the_next_one_is_not() {
    let ca = Ca::new();
    let revoked = Error::InvalidCertificate(CertificateError::Revoked);
    let server = ca.sign(&numbered(SERVER, 1)).trusting_less(&ca.pem, &ca.revoking(7)).unwrap();
    server.check_as_server(NOW).unwrap();
    let server = Arc::new(server);
    let config = || {
        let server = Arc::clone(&server);
        server_config(Current::new(move || Arc::clone(&server))).unwrap()
    };
    assert_eq!(meet(config(), caller(&ca, 7).1).unwrap_err(), ("server", revoked.clone()));
    assert!(meet(config(), caller(&ca, 8).1).is_ok());
    // As asked of connections that stand.
    let shown = |serial| vec![caller(&ca, serial).0.der.into()];
    assert_eq!(server.accepts_client(&shown(7), NOW), Err(Refusal::PeerUntrusted));
    assert_eq!(server.accepts_client(&shown(8), NOW), Ok(()));
    assert_eq!(server.accepts_client(&[], NOW), Err(Refusal::NoPeerIdentity));

    let (pair, _) = caller(&ca, 8);
    let careful = || client(&pair.trusting_less(&ca.pem, &ca.revoking(1)).unwrap());
    let impostor = serving(ca.sign(&numbered(SERVER, 1)).trusting(&ca));
    assert_eq!(meet(impostor, careful()).unwrap_err(), ("client", revoked));
    assert!(meet(serving(ca.sign(&numbered(SERVER, 2)).trusting(&ca)), careful()).is_ok());
}

#[test]
fn a_list_of_revocations_is_our_cas_or_the_identity_is_unusable() {
    let (ca, other) = (Ca::new(), Ca::new());
    let pair = ca.sign(&numbered(CALLER, 7));
    for broken in ["", "nothing", &ca.pem] {
        let error = pair.trusting_less(&ca.pem, broken).unwrap_err().to_string();
        assert!(error.contains("crl.pem") && error.contains("revocation list"), "{error}");
    }
    // The other CA bears the same name.
    let forged = pair.trusting_less(&ca.pem, &other.revoking(1)).unwrap();
    assert!(forged.check_as_server(NOW).is_err() && forged.check_as_client(NOW).is_err());
}

#[test]
fn an_identity_that_is_revoked_itself_still_brings_its_list() {
    let ca = Ca::new();
    let own = ca.sign(&numbered(CALLER, 7)).trusting_less(&ca.pem, &ca.revoking(7)).unwrap();
    own.check_as_client(NOW).unwrap();
    own.check_as_server(NOW).unwrap();
}

#[test]
fn an_expired_foreign_or_servers_certificate_is_no_clients() {
    let (ca, other) = (Ca::new(), Ca::new());
    let mut expired = leaf(&[CALLER]);
    last(&mut expired, 0, 1_000);
    let mut servers = leaf(&[CALLER]);
    servers.extended_key_usages.pop();
    let bad = [ca.identity(&expired), other.sign(&leaf(&[CALLER])).trusting(&ca), ca.identity(&servers)];
    for identity in bad {
        let error = identity.check_as_client(NOW).unwrap_err().to_string();
        assert!(error.contains("antaeusctl pki init"), "{error}");
    }
    ca.identity(&leaf(&[CALLER])).check_as_client(NOW).unwrap();
}

#[test]
fn a_peer_is_nobody_once_its_certificate_has_ended() {
    let mut params = leaf(&[CALLER]);
    last(&mut params, 0, NOW.try_into().unwrap());
    let peer = Peer::from_certificate(&Ca::new().sign(&params).der).unwrap();
    assert_eq!(peer.clone().at(NOW), Ok(peer.clone()));
    assert_eq!(peer.at(NOW + 1), Err(Refusal::PeerExpired));
    let vouched = Peer::from_xfcc(&format!("URI={CALLER}"), true).unwrap();
    assert_eq!(vouched.clone().at(i64::MAX), Ok(vouched), "the sidecar watches its own certificates");
}
