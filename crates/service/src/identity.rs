//! Who this service is: a certificate of its own, or the mesh's word.

use std::path::PathBuf;

use gate::SpiffeId;
use gate::tls::{Identity, TlsError};

use crate::settings::{ConfigError, Var, Vars};

const MODE: Var = Var::unset(
    "TLS_MODE",
    "`rustls`: mutual TLS by this process, with the files in `TLS_DIR`; `mesh`: by the sidecar. There is no `off`",
);
const DIR: Var = Var::unset(
    "TLS_DIR",
    "directory with `cert.pem`, `key.pem`, `ca.pem` and, if there is one, `crl.pem` (`antaeusctl pki init`)",
);
const ID_MEANING: &str = "this service's SPIFFE id";

/// How the service proves who it is.
#[derive(Debug)]
pub enum TlsMode {
    /// By a certificate that this process reads, and reads again.
    Rustls(IdentityFiles),
    /// By the sidecar beside it.
    Mesh,
}

/// Where the certificate is, and whose it must be.
#[derive(Clone, Debug)]
pub struct IdentityFiles {
    dir: PathBuf,
    id: SpiffeId,
    var: Var,
}

impl IdentityFiles {
    /// Reads the identity; a certificate for somebody else is refused.
    pub fn load(&self) -> Result<Identity, ConfigError> {
        let identity = Identity::load(&self.dir)?;
        if *identity.id() == self.id {
            return Ok(identity);
        }
        let problem = format!("the certificate in {} is for {}", self.dir.display(), identity.id());
        Err(ConfigError::bad(&self.var, &self.id.to_string(), problem))
    }

    /// All that [`Self::load`] reads.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        Identity::FILES.map(|name| self.dir.join(name)).to_vec()
    }
}

/// The service's own identity.
#[derive(Debug)]
pub struct IdentitySettings {
    /// Its name.
    pub id: SpiffeId,
    /// How it proves it.
    pub mode: TlsMode,
}

impl IdentitySettings {
    /// Reads `TLS_MODE`, `TLS_DIR`, `WORKLOAD_ID`; a certificate for somebody else is refused.
    pub fn read(vars: &Vars, default_id: &'static str) -> Result<Self, ConfigError> {
        let [.., var] = self::vars(default_id);
        let id: SpiffeId = vars.required(&var)?;
        let dir: Option<PathBuf> = vars.optional(&DIR)?;
        match vars.text(&MODE).as_deref() {
            Some("mesh") => Ok(Self { id, mode: TlsMode::Mesh }),
            Some("rustls") => {
                let dir = dir.ok_or_else(|| ConfigError::new(format!("set TLS_DIR: {}", DIR.meaning)))?;
                let files = IdentityFiles { dir, id: id.clone(), var };
                files.load()?;
                Ok(Self { id, mode: TlsMode::Rustls(files) })
            }
            Some(other) => Err(ConfigError::bad(&MODE, other, "it must be rustls or mesh")),
            None => Err(ConfigError::new(format!("set TLS_MODE: {}", MODE.meaning))),
        }
    }
}

/// The variables that [`IdentitySettings::read`] reads, for the tables.
#[must_use]
pub fn vars(default_id: &'static str) -> [Var; 3] {
    [MODE, DIR, Var::new("WORKLOAD_ID", default_id, ID_MEANING)]
}

impl From<TlsError> for ConfigError {
    fn from(error: TlsError) -> Self {
        Self::new(error.to_string())
    }
}
