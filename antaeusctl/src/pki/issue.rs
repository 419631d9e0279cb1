//! Making the CA and the certificates, ECDSA P-256 throughout.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gate::SpiffeId;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};

use super::{DAY, PkiError, Role, Service};
use crate::files;

const CA_NAME: &str = "Antaeus CA";
const CA_DAYS: i64 = 3650;
/// Certificates begin a little in the past, for clocks that run behind.
const CLOCK_SLACK: i64 = 300;

/// The certificate authority; its key never leaves `ca/`.
pub(super) struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// Whether there is one, whole. A service's certificate without a CA counts as broken.
    pub(super) fn is_there(dir: &Path) -> Result<bool, PkiError> {
        let (pem, key) = paths(dir);
        let incomplete = |missing| Err(PkiError::Incomplete { missing, dir: dir.to_owned() });
        match (pem.exists(), key.exists()) {
            (true, true) => Ok(true),
            (true, false) => incomplete(key),
            (false, true) => incomplete(pem),
            (false, false) if super::SERVICES.iter().any(|s| dir.join(s.name).exists()) => incomplete(pem),
            (false, false) => Ok(false),
        }
    }

    pub(super) fn load(dir: &Path) -> Result<Self, PkiError> {
        let (pem, key) = paths(dir);
        let key = KeyPair::from_pem(&read(&key)?)?;
        Ok(Self { pem: read(&pem)?, issuer: Issuer::new(ca_params(), key) })
    }

    pub(super) fn create(dir: &Path, now: i64) -> Result<Self, PkiError> {
        let (pem_path, key_path) = paths(dir);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = ca_params();
        last(&mut params, now, CA_DAYS * DAY);
        let pem = params.self_signed(&key)?.pem();
        files::create_dir(&dir.join("ca"))?;
        files::write_private(&key_path, &key.serialize_pem())?;
        files::write_private(&pem_path, &pem)?;
        Ok(Self { pem, issuer: Issuer::new(ca_params(), key) })
    }

    /// Writes a new certificate, its key and the CA's certificate into `folder`.
    pub(super) fn issue(
        &self,
        folder: &Path,
        service: &Service,
        id: &SpiffeId,
        now: i64,
        lifetime: i64,
    ) -> Result<(), PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = leaf_params(service, id)?;
        last(&mut params, now, lifetime);
        let pem = params.signed_by(&key, &self.issuer)?.pem();
        files::create_dir(folder)?;
        files::write_private(&folder.join("key.pem"), &key.serialize_pem())?;
        files::write_private(&folder.join("cert.pem"), &pem)?;
        files::write_private(&folder.join("ca.pem"), &self.pem)?;
        Ok(())
    }
}

/// Whether a service trusts the CA that we have.
pub(super) fn same_ca(dir: &Path, folder: &Path) -> Result<bool, PkiError> {
    Ok(read(&paths(dir).0)? == read(&folder.join("ca.pem"))?)
}

fn paths(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("ca/ca.pem"), dir.join("ca/ca.key"))
}

fn read(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(|source| PkiError::Read { path: path.to_owned(), source })
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(CA_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf_params(service: &Service, id: &SpiffeId) -> Result<CertificateParams, rcgen::Error> {
    let Service { name, namespace, role, .. } = service;
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    if *role == Role::ServerAndClient {
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    }
    params.subject_alt_names = vec![
        SanType::URI(id.to_string().try_into()?),
        SanType::DnsName("localhost".try_into()?),
        SanType::DnsName((*name).try_into()?),
        SanType::DnsName(format!("{name}.{namespace}.svc.cluster.local").try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    ];
    Ok(params)
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn last(params: &mut CertificateParams, now: i64, lifetime: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |seconds: i64| epoch + Duration::from_secs(seconds.try_into().unwrap_or(0));
    params.not_before = at(now - CLOCK_SLACK);
    params.not_after = at(now + lifetime);
}
