//! `pki init`: what is not there yet.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use gate::SpiffeId;
use gate::tls::Identity;

use super::ca::{self, Ca};
use super::{DAY, PkiError, SERVICES, Service, cause};

/// The arguments of `pki init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Where the CA and one folder per service go.
    #[arg(long)]
    pub dir: PathBuf,
    /// The trust domain in every SPIFFE id.
    #[arg(long, default_value = "cluster.local")]
    pub trust_domain: String,
    /// How many days a service's certificate lasts.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=397))]
    pub days: u16,
    /// Renew every service's certificate and key; the CA stays.
    #[arg(long)]
    pub force: bool,
}

pub(super) fn init(arguments: &Init, now: i64, out: &mut dyn Write) -> Result<(), PkiError> {
    let ids = identities(&arguments.trust_domain)?;
    let dir = arguments.dir.as_path();
    let had_ca = Ca::is_there(dir)?;
    // Everything is looked at before anything is written.
    let plan: Vec<_> = ids
        .into_iter()
        .map(|(service, id)| Ok((service, keep(dir, service, &id, now, arguments.force)?, id)))
        .collect::<Result<_, PkiError>>()?;
    let ca = if had_ca { Ca::load(dir)? } else { Ca::create(dir, now)? };
    writeln!(out, "ca: {}", if had_ca { "kept" } else { "created" })?;
    for (service, kept, id) in plan {
        let folder = dir.join(service.name);
        if kept == Kept::No {
            ca.issue(service, &id, now, i64::from(arguments.days) * DAY)?;
            Identity::load(&folder)?.check_as_server(now)?;
        }
        let days = (Identity::load(&folder)?.expires_at() - now) / DAY;
        let done = if kept == Kept::Yes { "kept" } else { "created" };
        writeln!(out, "{}: {done}, {id}, {days} days left", service.name)?;
    }
    Ok(())
}

fn identities(trust_domain: &str) -> Result<Vec<(&'static Service, SpiffeId)>, PkiError> {
    let identity = |service: &'static Service| {
        let id = SpiffeId::new(trust_domain, service.namespace, service.account)
            .map_err(|e| PkiError::TrustDomain(trust_domain.to_owned(), e))?;
        Ok((service, id))
    };
    SERVICES.iter().map(identity).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

fn keep(dir: &Path, service: &Service, id: &SpiffeId, now: i64, force: bool) -> Result<Kept, PkiError> {
    let folder = dir.join(service.name);
    if force || !folder.exists() {
        return Ok(Kept::No);
    }
    let unusable = |cause: String| PkiError::Unusable { dir: folder.clone(), cause };
    let identity = Identity::load(&folder).map_err(|e| unusable(cause(&e)))?;
    if identity.id() != id {
        return Err(unusable(format!("holds {} instead of {id}", identity.id())));
    }
    if !ca::is_trusted(dir, &folder)? {
        return Err(unusable("its ca.pem does not hold our CA".to_owned()));
    }
    identity.check_as_server(now).map_err(|e| unusable(cause(&e)))?;
    Ok(Kept::Yes)
}
