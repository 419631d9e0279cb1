//! `pki revoke`: certificates that are no longer to be accepted.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;

use super::ca::{Ca, read};
use super::revoked::{Revoked, certificate};
use super::{PkiError, service};

/// The arguments of `pki revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Where the CA and one folder per service are.
    #[arg(long)]
    pub dir: PathBuf,
    /// The service whose certificate in use is revoked.
    #[arg(required_unless_present = "cert", conflicts_with = "cert")]
    pub service: Option<String>,
    /// The certificate; the CA keeps each that it issued in `ca/issued`.
    #[arg(long)]
    pub cert: Option<PathBuf>,
}

pub(super) fn revoke(arguments: &Revoke, now: i64, out: &mut dyn Write) -> Result<(), PkiError> {
    let dir = arguments.dir.as_path();
    if !Ca::is_there(dir)? {
        return Err(PkiError::NoCa(dir.to_owned()));
    }
    let ca = Ca::load(dir)?;
    let path = match (&arguments.cert, &arguments.service) {
        (Some(path), _) => path.clone(),
        (None, name) => dir.join(service(name.as_deref().unwrap_or_default())?.name).join("cert.pem"),
    };
    let certificate = of_ca(&ca, &path)?;
    let serial = certificate.tbs_certificate().serial_number().as_bytes().to_vec();
    let mut revoked = listed(&ca)?;
    if !revoked.iter().any(|one| one.serial == serial) {
        revoked.push(Revoked { serial, at: now });
    }
    ca.revoke(&revoked, now)?;
    writeln!(out, "{} is revoked; {} on the list", path.display(), revoked.len())?;
    writeln!(out, "running services refuse it within their RELOAD_MS (5 seconds unless set)")?;
    if let Some(name) = &arguments.service {
        writeln!(
            out,
            "{name} has no other certificate: `antaeusctl pki renew --dir {} {name}`",
            dir.display()
        )?;
    }
    Ok(())
}

/// Only what our CA issued: another CA's serial number would revoke a stranger.
fn of_ca(ca: &Ca, path: &Path) -> Result<Certificate, PkiError> {
    let (ca_path, ca_pem) = ca.pem();
    let (ours, theirs) = (certificate(&ca_path, ca_pem)?, certificate(path, &read(path)?)?);
    if theirs.tbs_certificate().issuer() == ours.tbs_certificate().subject() {
        Ok(theirs)
    } else {
        Err(PkiError::ForeignCertificate(path.to_owned()))
    }
}

fn listed(ca: &Ca) -> Result<Vec<Revoked>, PkiError> {
    let path = ca.list();
    if !path.exists() {
        return Ok(Vec::new());
    }
    let broken = || PkiError::BrokenList(path.clone());
    let der = CertificateRevocationListDer::from_pem_slice(read(&path)?.as_bytes()).map_err(|_| broken())?;
    let list: CertificateList = CertificateList::from_der(&der).map_err(|_| broken())?;
    let entries = list.tbs_cert_list.revoked_certificates.unwrap_or_default();
    let revoked = entries.iter().map(|entry| Revoked {
        serial: entry.serial_number.as_bytes().to_vec(),
        at: entry.revocation_date.to_unix_duration().as_secs().try_into().unwrap_or(0),
    });
    Ok(revoked.collect())
}
