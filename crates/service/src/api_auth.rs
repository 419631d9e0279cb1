//! Who may call a public API: API keys with scopes, or nobody checked where that cannot hurt.

use std::net::SocketAddr;
use std::path::PathBuf;

use gate::keys::VerifyingKeys;
use gate::token::api_key::{self, ApiKeyVerifier};

use crate::reload::{Reloaded, Reloads};
use crate::settings::{ConfigError, Var, Vars, read};

const AUTH: Var = Var::new(
    "AUTH",
    "keys",
    "`keys`: callers of the public API show a signed API key; `off`: nobody is asked, allowed on loopback only",
);
const INSECURE: Var = Var::unset(
    "INSECURE_PUBLIC_API",
    "the literal `allow` permits `AUTH=off` beyond loopback; for demonstrations, never for production",
);
const JWKS: Var =
    Var::unset("API_JWKS_FILE", "JWKS with the operator's public keys, by which API keys are judged");

/// How callers of the public API are judged.
#[derive(Clone, Debug)]
pub enum ApiAuth {
    /// By their API key.
    Keys(Reloaded<ApiKeyVerifier>),
    /// Not at all; on loopback a browser's foreign pages are still kept out.
    Off {
        /// Refuse requests that a foreign web page could have caused.
        local_only: bool,
    },
}

impl ApiAuth {
    /// Reads `AUTH`, `API_JWKS_FILE`, `INSECURE_PUBLIC_API`; refuses `off` where it may not be.
    pub fn read(vars: &Vars, listen: SocketAddr) -> Result<Self, ConfigError> {
        let (auth, allowed) = (vars.text(&AUTH).unwrap_or_default(), insecure_allowed(vars));
        match auth.as_str() {
            "keys" => Ok(Self::Keys(keys(vars)?)),
            "off" if allowed => Ok(Self::Off { local_only: false }),
            "off" if listen.ip().is_loopback() => Ok(Self::Off { local_only: true }),
            "off" => Err(ConfigError::bad(&AUTH, "off", format!("{listen} can be reached from elsewhere"))),
            other => Err(ConfigError::bad(&AUTH, other, "it must be keys or off")),
        }
    }

    /// Has the operator's public keys read again when they change.
    pub fn watch(&self, reloads: &mut Reloads) -> Result<(), ConfigError> {
        if let Self::Keys(verifier) = self { reloads.watch(verifier) } else { Ok(()) }
    }

    /// The variables it reads, for the tables.
    #[must_use]
    pub fn vars() -> [Var; 3] {
        [AUTH, JWKS, INSECURE]
    }
}

fn keys(vars: &Vars) -> Result<Reloaded<ApiKeyVerifier>, ConfigError> {
    let path: PathBuf = vars.required(&JWKS)?;
    Reloaded::read("api_jwks", vec![path.clone()], move || verifier(&read(&JWKS, &path)?))
}

fn verifier(jwks: &str) -> Result<ApiKeyVerifier, ConfigError> {
    let keys = VerifyingKeys::from_jwks_json(jwks).map_err(|e| ConfigError::bad(&JWKS, "the file", e))?;
    Ok(ApiKeyVerifier { keys, issuer: api_key::ISSUER.into(), audience: api_key::AUDIENCE.into() })
}

/// Whether `INSECURE_PUBLIC_API=allow` is set.
#[must_use]
pub fn insecure_allowed(vars: &Vars) -> bool {
    vars.text(&INSECURE).as_deref() == Some("allow")
}
