//! `pki renew`: new certificates and keys under the same CA.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use gate::tls::Identity;

use super::ca::Ca;
use super::{DAY, PkiError, SERVICES, Service, cause, service};

/// The arguments of `pki renew`.
#[derive(Debug, Args)]
pub struct Renew {
    /// Where the CA and one folder per service are.
    #[arg(long)]
    pub dir: PathBuf,
    /// The service; all of them when not given.
    pub service: Option<String>,
    /// How many days the new certificate lasts.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=397))]
    pub days: u16,
}

pub(super) fn renew(arguments: &Renew, now: i64, out: &mut dyn Write) -> Result<(), PkiError> {
    let dir = arguments.dir.as_path();
    if !Ca::is_there(dir)? {
        return Err(PkiError::NoCa(dir.to_owned()));
    }
    let ca = Ca::load(dir)?;
    let chosen: Vec<&Service> = match &arguments.service {
        Some(name) => vec![service(name)?],
        None => SERVICES.iter().collect(),
    };
    for service in chosen {
        let folder = dir.join(service.name);
        let unusable = |e| PkiError::Unusable { dir: folder.clone(), cause: cause(&e) };
        let old = Identity::load(&folder).map_err(unusable)?;
        ca.issue(service, old.id(), now, i64::from(arguments.days) * DAY)?;
        Identity::load(&folder)?.check_as_server(now)?;
        writeln!(out, "{}: renewed, {}, {} days", service.name, old.id(), arguments.days)?;
    }
    writeln!(out, "running services take them over within their RELOAD_MS (5 seconds unless set)")?;
    Ok(())
}
