//! Certificates that no CA of ours would issue, and clients that show them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gate::tls::Identity;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use testkit::client::INVOICE_APP;
use x509_cert::der::Decode;

/// A CA: the one of the services, or one that an attacker made.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    /// What its clients trust: always the real one.
    roots: RootCertStore,
}

/// A certificate and its key.
pub struct Pair {
    pub chain: Vec<CertificateDer<'static>>,
    pub key: PrivateKeyDer<'static>,
}

impl Ca {
    /// The CA in `pki/ca`.
    pub fn ours(pki: &Path) -> Self {
        let read = |file: &str| std::fs::read_to_string(pki.join("ca").join(file)).unwrap();
        let key = KeyPair::from_pem(&read("ca.key")).unwrap();
        Self { issuer: Issuer::new(ca(&name(pki)), key), roots: roots(pki) }
    }

    /// A CA of somebody else's, with the same name.
    pub fn theirs(pki: &Path) -> Self {
        Self { issuer: Issuer::new(ca(&name(pki)), KeyPair::generate().unwrap()), roots: roots(pki) }
    }

    pub fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair::of(certificate.der().clone(), &key)
    }

    /// A client that shows this pair and speaks these versions of TLS.
    pub fn client(
        &self,
        pair: Option<Pair>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> reqwest::Client {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
        let config = config.with_root_certificates(self.roots.clone());
        let config = match pair {
            Some(Pair { chain, key }) => config.with_client_auth_cert(chain, key).unwrap(),
            None => config.with_no_client_auth(),
        };
        reqwest::Client::builder().tls_backend_preconfigured(config).build().unwrap()
    }
}

impl Pair {
    fn of(certificate: CertificateDer<'static>, key: &KeyPair) -> Self {
        Self { chain: vec![certificate], key: PrivateKeyDer::try_from(key.serialize_der()).unwrap() }
    }

    /// A certificate that vouches for itself.
    pub fn self_signed(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self::of(params.self_signed(&key).unwrap().der().clone(), &key)
    }
}

fn ca(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// The common name of the real CA.
fn name(pki: &Path) -> String {
    let der = CertificateDer::from_pem_file(pki.join("ca/ca.pem")).unwrap();
    let certificate = x509_cert::Certificate::from_der(&der).unwrap();
    certificate.tbs_certificate().subject().to_string().trim_start_matches("CN=").to_owned()
}

fn roots(pki: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    for der in CertificateDer::pem_file_iter(pki.join("ca/ca.pem")).unwrap() {
        roots.add(der.unwrap()).unwrap();
    }
    roots
}

/// A leaf that would be good, but for its URI names.
pub fn leaf(uris: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "invoice-app");
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
    params.subject_alt_names.extend(uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())));
    params
}

/// A leaf of invoice-app's with another validity, in days from now.
pub fn valid(from: i64, until: i64) -> CertificateParams {
    let now = service::Clock::system().seconds();
    let day = |days: i64| {
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(u64::try_from(now + days * 86_400).unwrap())
    };
    let mut params = leaf(&[INVOICE_APP]);
    (params.not_before, params.not_after) = (day(from), day(until));
    params
}

/// The identity in a folder, still loadable.
pub fn identity(dir: &Path) -> Identity {
    Identity::load(dir).unwrap()
}
