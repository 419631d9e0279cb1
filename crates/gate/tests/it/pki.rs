//! A small CA for the tests, which also issues what no CA should.

use std::path::Path;
use std::time::Duration;

use gate::tls::{Identity, TlsError};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
};

pub(crate) struct Ca {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) struct Pair {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
    pub(crate) key_pem: String,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn sign(&self, params: &CertificateParams) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair { der: certificate.der().to_vec(), pem: certificate.pem(), key_pem: key.serialize_pem() }
    }

    /// A list that revokes the certificate with this serial.
    pub(crate) fn revoking(&self, serial: u64) -> String {
        let at = rcgen::date_time_ymd(2026, 1, 1);
        let revoked = RevokedCertParams {
            serial_number: serial.into(),
            revocation_time: at,
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: at,
            next_update: rcgen::date_time_ymd(2026, 1, 2),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap()
    }

    /// A loaded identity with this certificate, trusting this CA.
    pub(crate) fn identity(&self, params: &CertificateParams) -> Identity {
        self.sign(params).trusting(self)
    }
}

impl Pair {
    pub(crate) fn trusting(&self, ca: &Ca) -> Identity {
        let dir = tempfile::tempdir().unwrap();
        self.write(dir.path(), &ca.pem);
        Identity::load(dir.path()).unwrap()
    }

    /// The same, in a folder with this `crl.pem`.
    pub(crate) fn trusting_less(&self, ca_pem: &str, crl: &str) -> Result<Identity, TlsError> {
        let dir = tempfile::tempdir().unwrap();
        self.write(dir.path(), ca_pem);
        std::fs::write(dir.path().join("crl.pem"), crl).unwrap();
        Identity::load(dir.path())
    }

    pub(crate) fn write(&self, dir: &Path, ca_pem: &str) {
        for (name, text) in [("cert.pem", self.pem.as_str()), ("key.pem", &self.key_pem), ("ca.pem", ca_pem)]
        {
            std::fs::write(dir.join(name), text).unwrap();
        }
    }
}

/// A good leaf with these URI names, for a server and client on localhost.
pub(crate) fn leaf(uris: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
    for uri in uris {
        params.subject_alt_names.push(SanType::URI((*uri).try_into().unwrap()));
    }
    last(&mut params, 0, 4_000_000_000);
    params
}

/// Sets the validity, in seconds since the epoch.
pub(crate) fn last(params: &mut CertificateParams, from: u64, until: u64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(from);
    params.not_after = epoch + Duration::from_secs(until);
}
