//! How the payment provider is reached, and what proves to it who we are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gate::keys::SigningKey;
use reqwest::header::HeaderValue;
use service::identity::{IdentityFiles, IdentitySettings, TlsMode};
use service::reload::{Reloaded, Reloads};
use service::settings::read;
use service::{ConfigError, Var, Vars};

use super::endpoint::{ENDPOINT, Endpoint};
use crate::clients::caller::{Caller, Ends, LegacyCaller};
use crate::clients::provider::Access;

const ID: Var = Var::new(
    "PAYMENT_PROVIDER_ID",
    "spiffe://cluster.local/ns/payments/sa/payment-provider",
    "SPIFFE id that the payment provider's certificate must have; a legacy provider's CA and host name are checked instead",
);
const KEY: Var = Var::unset(
    "CHARGE_KEY_FILE",
    "private charge key (PEM), with which requests to the batch API are signed; a legacy provider needs none",
);
const API_KEY: Var = Var::unset(
    "PAYMENT_PROVIDER_KEY_FILE",
    "file with what a legacy provider is shown as `X-API-Key`; when not set, it is shown nothing",
);
const TIMEOUT: Var = Var::new(
    "PROVIDER_TIMEOUT_MS",
    "10000",
    "longest wait for the provider's answer; a claim holds three times as long",
);

pub(super) const VARS: [Var; 5] = [ENDPOINT, ID, KEY, API_KEY, TIMEOUT];

/// The payment provider as seen from here.
pub struct ProviderSettings {
    /// Where it is, what it speaks, and who we are to it.
    pub access: Access,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

impl ProviderSettings {
    pub(super) fn read(vars: &Vars, identity: &IdentitySettings) -> Result<Self, ConfigError> {
        let timeout = vars.millis(&TIMEOUT, 10..=600_000)?;
        let own = if let TlsMode::Rustls(own) = &identity.mode { Some(own.clone()) } else { None };
        let Endpoint { base, legacy, tls } = Endpoint::read(vars, own.is_some())?;
        let api_key: Option<PathBuf> = vars.optional(&API_KEY)?;
        let access = match (legacy, api_key) {
            (Some(path), api_key) => {
                Access::Legacy { base, path, caller: legacy_caller(api_key, own.filter(|_| tls), timeout)? }
            }
            (None, None) => {
                let ends = Ends { own: identity.id.clone(), provider: vars.required(&ID)? };
                Access::Batch { base, caller: caller(vars.required(&KEY)?, own, ends, timeout)? }
            }
            (None, Some(file)) => {
                let problem = "PAYMENT_PROVIDER_ENDPOINT has no path, and our batch API takes signatures";
                return Err(ConfigError::bad(&API_KEY, &file.display().to_string(), problem));
            }
        };
        Ok(Self { access, timeout })
    }

    /// Has keys and certificates read again when they change.
    pub fn watch(&self, reloads: &mut Reloads) -> Result<(), ConfigError> {
        match &self.access {
            Access::Batch { caller, .. } => reloads.watch(caller),
            Access::Legacy { caller, .. } => reloads.watch(caller),
        }
    }
}

fn caller(
    key: PathBuf,
    own: Option<IdentityFiles>,
    ends: Ends,
    timeout: Duration,
) -> Result<Reloaded<Caller>, ConfigError> {
    let mut files = own.as_ref().map(IdentityFiles::paths).unwrap_or_default();
    files.push(key.clone());
    Reloaded::read("caller", files, move || {
        let identity = own.as_ref().map(IdentityFiles::load).transpose()?;
        let signing = SigningKey::from_pem(&read(&KEY, &key)?);
        let signing = signing.map_err(|e| ConfigError::bad(&KEY, "the file", e))?;
        Caller::new(identity, signing, &ends, timeout)
    })
}

fn legacy_caller(
    key: Option<PathBuf>,
    own: Option<IdentityFiles>,
    timeout: Duration,
) -> Result<Reloaded<LegacyCaller>, ConfigError> {
    let mut files = own.as_ref().map(IdentityFiles::paths).unwrap_or_default();
    files.extend(key.clone());
    Reloaded::read("caller", files, move || {
        let identity = own.as_ref().map(IdentityFiles::load).transpose()?;
        let key = key.as_deref().map(api_key).transpose()?;
        LegacyCaller::new(identity, key, timeout)
    })
}

/// Without the line's end that editors leave behind it.
fn api_key(path: &Path) -> Result<HeaderValue, ConfigError> {
    let bad = || ConfigError::bad(&API_KEY, "the file", "it must hold one line of visible characters");
    let text = read(&API_KEY, path)?;
    let mut key = HeaderValue::from_str(text.trim()).map_err(|_| bad())?;
    key.set_sensitive(true);
    if key.is_empty() { Err(bad()) } else { Ok(key) }
}
