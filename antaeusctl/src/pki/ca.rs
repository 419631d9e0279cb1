//! The certificate authority, ECDSA P-256 throughout.

use std::fs;
use std::path::{Path, PathBuf};

use gate::SpiffeId;
use rcgen::{CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, PKCS_ECDSA_P256_SHA256};

use super::issue::{ca_params, last, leaf_params, since_1970};
use super::revoked::{Revoked, certificate};
use super::{DAY, PkiError, SERVICES, Service};
use crate::files;

const CA_DAYS: i64 = 3650;

/// The certificate authority; its key never leaves `ca/`.
pub(super) struct Ca {
    dir: PathBuf,
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
            (false, false) if SERVICES.iter().any(|s| dir.join(s.name).exists()) => incomplete(pem),
            (false, false) => Ok(false),
        }
    }

    pub(super) fn load(dir: &Path) -> Result<Self, PkiError> {
        let (path, key) = paths(dir);
        let (pem, key) = (read(&path)?, KeyPair::from_pem(&read(&key)?)?);
        let name = common_name(&path, &pem)?;
        Ok(Self { dir: dir.to_owned(), pem, issuer: Issuer::new(ca_params(&name), key) })
    }

    pub(super) fn create(dir: &Path, now: i64) -> Result<Self, PkiError> {
        let (pem_path, key_path) = paths(dir);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let name = name(&key);
        let mut params = ca_params(&name);
        last(&mut params, now, CA_DAYS * DAY);
        let pem = params.self_signed(&key)?.pem();
        files::create_dir(&dir.join("ca"))?;
        files::write_private_together(&[(key_path, &key.serialize_pem()), (pem_path, &pem)])?;
        Ok(Self { dir: dir.to_owned(), pem, issuer: Issuer::new(ca_params(&name), key) })
    }

    /// Writes a new certificate and its key into the service's folder, with whom to trust. Its serial number is a hash
    /// of its fresh public key. A copy of each certificate stays with the CA, to be revoked by.
    pub(super) fn issue(
        &self,
        service: &Service,
        id: &SpiffeId,
        now: i64,
        lifetime: i64,
    ) -> Result<(), PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = leaf_params(service, id)?;
        last(&mut params, now, lifetime);
        let pem = params.signed_by(&key, &self.issuer)?.pem();
        let (folder, issued) = (self.dir.join(service.name), self.dir.join("ca/issued"));
        files::create_dir(&issued)?;
        files::write_private(&issued.join(format!("{}-{}.pem", service.name, mark(&key))), &pem)?;
        let (key, trusted) = (key.serialize_pem(), self.trusted(&folder));
        let mut files: Vec<(PathBuf, &str)> =
            vec![(folder.join("key.pem"), &key), (folder.join("cert.pem"), &pem)];
        files.push((folder.join("ca.pem"), &trusted));
        let list = fs::read_to_string(self.list()).ok();
        files.extend(list.as_deref().map(|list| (folder.join("crl.pem"), list)));
        files::create_dir(&folder)?;
        files::write_private_together(&files)?;
        Ok(())
    }

    /// While the CA is being changed, a service trusts two: a renewal must not end that.
    fn trusted(&self, folder: &Path) -> String {
        let had = fs::read_to_string(folder.join("ca.pem")).unwrap_or_default();
        if had.contains(self.pem.trim()) { had } else { self.pem.clone() }
    }

    /// Signs the list anew and puts it into every service's folder.
    pub(super) fn revoke(&self, revoked: &[Revoked], now: i64) -> Result<(), PkiError> {
        let today = rcgen::date_time_ymd(1970, 1, 1) + since_1970(now);
        let params = CertificateRevocationListParams {
            this_update: today,
            // The services do not ask for its end: an old list still says what it said.
            next_update: today + since_1970(CA_DAYS * DAY),
            crl_number: u64::try_from(now).unwrap_or(0).into(),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(Revoked::params).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer)?.pem()?;
        files::write_private(&self.list(), &list)?;
        for service in SERVICES {
            let folder = self.dir.join(service.name);
            if folder.exists() {
                files::write_private(&folder.join("crl.pem"), &list)?;
            }
        }
        Ok(())
    }

    /// The list of revoked certificates; there is none before the first.
    pub(super) fn list(&self) -> PathBuf {
        self.dir.join("ca/crl.pem")
    }

    pub(super) fn pem(&self) -> (PathBuf, &str) {
        (paths(&self.dir).0, &self.pem)
    }
}

/// Whether a service trusts the CA that we have.
pub(super) fn is_trusted(dir: &Path, folder: &Path) -> Result<bool, PkiError> {
    Ok(read(&folder.join("ca.pem"))?.contains(read(&paths(dir).0)?.trim()))
}

pub(super) fn read(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(|source| PkiError::Read { path: path.to_owned(), source })
}

fn paths(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("ca/ca.pem"), dir.join("ca/ca.key"))
}

/// Each CA has a name of its own: a list of revocations is looked up by its CA's name.
fn name(key: &KeyPair) -> String {
    format!("Antaeus CA {}", mark(key))
}

/// The end of the public key, to tell one from the other.
fn mark(key: &KeyPair) -> String {
    key.public_key_raw().iter().rev().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn common_name(path: &Path, pem: &str) -> Result<String, PkiError> {
    let certificate = certificate(path, pem)?;
    let name = certificate.tbs_certificate().subject().common_name().ok().flatten();
    name.map(String::from).ok_or_else(|| PkiError::NoCertificate(path.to_owned()))
}
