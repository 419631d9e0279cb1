//! Identities as folders: what is loaded, and what is said when it is not.

use gate::tls::{Identity, TlsError};

use crate::forge::{CALLER, OTHER};
use crate::pki::{Ca, last, leaf};

#[test]
fn a_broken_identity_says_which_file_and_what_to_do() {
    let ca = Ca::new();
    let pair = ca.sign(&leaf(&[CALLER]));
    for name in ["cert.pem", "key.pem", "ca.pem"] {
        let dir = tempfile::tempdir().unwrap();
        pair.write(dir.path(), &ca.pem);
        std::fs::write(dir.path().join(name), "nothing").unwrap();
        let empty = Identity::load(dir.path()).unwrap_err().to_string();
        std::fs::remove_file(dir.path().join(name)).unwrap();
        let missing = Identity::load(dir.path()).unwrap_err().to_string();
        for message in [empty, missing] {
            assert!(message.contains(name) && message.contains("antaeusctl pki init"), "{message}");
        }
    }
}

#[test]
fn a_certificate_and_another_ones_key_are_not_a_pair() {
    let ca = Ca::new();
    let mut pair = ca.sign(&leaf(&[CALLER]));
    pair.key_pem = ca.sign(&leaf(&[CALLER])).key_pem;
    let dir = tempfile::tempdir().unwrap();
    pair.write(dir.path(), &ca.pem);
    assert!(matches!(Identity::load(dir.path()), Err(TlsError::NotAPair { .. })));
}

#[test]
fn a_certificate_with_two_identities_is_not_loaded() {
    let ca = Ca::new();
    let dir = tempfile::tempdir().unwrap();
    ca.sign(&leaf(&[CALLER, OTHER])).write(dir.path(), &ca.pem);
    assert!(matches!(Identity::load(dir.path()), Err(TlsError::Content { .. })));
}

#[test]
fn an_identity_knows_its_end_and_whether_it_would_be_accepted() {
    let (ca, other) = (Ca::new(), Ca::new());
    let mut params = leaf(&[CALLER]);
    last(&mut params, 1_000, 2_000);
    let identity = ca.identity(&params);
    assert_eq!(identity.expires_at(), 2_000);
    for (now, good) in [(999, false), (1_000, true), (2_000, true), (2_001, false), (-1, false)] {
        assert_eq!(identity.check_as_server(now).is_ok(), good, "{now}");
    }
    let foreign = other.sign(&params).trusting(&ca);
    assert!(foreign.check_as_server(1_500).is_err());
}
