//! Attack 20 on certificates: which ones give an identity.

use gate::{Peer, Refusal, Thumbprint};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, KeyUsagePurpose};

use crate::forge::{CALLER, OTHER};
use crate::pki::{Ca, leaf};

fn judged(params: &CertificateParams) -> Result<Peer, Refusal> {
    Peer::from_certificate(&Ca::new().sign(params).der)
}

fn refused(params: &CertificateParams) {
    assert_eq!(judged(params), Err(Refusal::BadPeerIdentity));
}

#[test]
fn one_uri_name_is_the_identity_and_the_whole_certificate_the_thumbprint() {
    let pair = Ca::new().sign(&leaf(&[CALLER]));
    let peer = Peer::from_certificate(&pair.der).unwrap();
    assert_eq!(peer.id.to_string(), CALLER);
    assert_eq!(peer.thumbprint, Some(Thumbprint::of(&pair.der)));
    assert_eq!(Thumbprint::of(&pair.der).to_string().len(), 43);
}

#[test]
fn two_uri_names_are_refused_whatever_they_say() {
    refused(&leaf(&[CALLER, OTHER]));
    refused(&leaf(&[CALLER, CALLER]));
    refused(&leaf(&[CALLER, "https://example.org/"]));
}

#[test]
fn no_uri_name_is_no_identity_even_with_a_telling_common_name() {
    let mut params = leaf(&[]);
    params.distinguished_name.push(DnType::CommonName, CALLER);
    refused(&params);
    params.subject_alt_names.clear();
    refused(&params);
}

#[test]
fn a_uri_name_that_only_looks_right_is_refused() {
    for uri in [
        "spiffe://cluster.local/ns/antaeus/sa/invoice-app/",
        "spiffe://cluster.local./ns/antaeus/sa/invoice-app",
        "spiffe://Cluster.local/ns/antaeus/sa/invoice-app",
        "spiffe://cluster.local/ns/antaeus/sa/*",
        "https://cluster.local/ns/antaeus/sa/invoice-app",
    ] {
        refused(&leaf(&[uri]));
    }
}

#[test]
fn a_certificate_that_may_sign_others_is_no_workload() {
    let mut params = leaf(&[CALLER]);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    refused(&params);
    for usage in [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign] {
        let mut params = leaf(&[CALLER]);
        params.key_usages.push(usage);
        refused(&params);
    }
}

#[test]
fn a_second_list_of_names_is_refused() {
    let mut params = leaf(&[CALLER]);
    let uri = OTHER.as_bytes();
    let name = [&[0x86, u8::try_from(uri.len()).unwrap()], uri].concat();
    let list = [&[0x30, u8::try_from(name.len()).unwrap()], name.as_slice()].concat();
    let names = CustomExtension::from_oid_content(&[2, 5, 29, 17], list);
    params.custom_extensions.push(names);
    refused(&params);
}

#[test]
fn bytes_that_are_no_certificate_are_refused() {
    let good = Ca::new().sign(&leaf(&[CALLER])).der;
    for cut in 0..good.len() {
        assert!(Peer::from_certificate(&good[..cut]).is_err());
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert!(Peer::from_certificate(&longer).is_err());
}

#[test]
fn a_changed_byte_changes_the_thumbprint_or_is_refused() {
    let good = Ca::new().sign(&leaf(&[CALLER])).der;
    let peer = Peer::from_certificate(&good).unwrap();
    for at in 0..good.len() {
        let mut bent = good.clone();
        bent[at] ^= 1;
        if let Ok(other) = Peer::from_certificate(&bent) {
            assert_ne!(other.thumbprint, peer.thumbprint);
        }
    }
}
