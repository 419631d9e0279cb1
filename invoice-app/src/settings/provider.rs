//! How the payment provider is reached, and how requests to it are signed.

use std::path::PathBuf;
use std::time::Duration;

use gate::keys::SigningKey;
use service::identity::{IdentityFiles, IdentitySettings, TlsMode};
use service::reload::Reloaded;
use service::settings::read;
use service::{ConfigError, Var, Vars};

use crate::clients::caller::{Caller, Ends};

const ENDPOINT: Var = Var::new(
    "PAYMENT_PROVIDER_ENDPOINT",
    "https://localhost:8082",
    "base URL of the payment provider: `https` with `TLS_MODE=rustls`, `http` with `mesh`",
);
const ID: Var = Var::new(
    "PAYMENT_PROVIDER_ID",
    "spiffe://cluster.local/ns/payments/sa/payment-provider",
    "SPIFFE id that the payment provider's certificate must have",
);
const KEY: Var =
    Var::unset("CHARGE_KEY_FILE", "private charge key (PEM), with which requests to the provider are signed");
const TIMEOUT: Var = Var::new(
    "PROVIDER_TIMEOUT_MS",
    "10000",
    "longest wait for the provider's answer; a claim holds three times as long",
);

pub(super) const VARS: [Var; 4] = [ENDPOINT, ID, KEY, TIMEOUT];

/// The payment provider as seen from here.
pub struct ProviderSettings {
    /// Scheme, host and port.
    pub endpoint: String,
    /// Who we are to it.
    pub caller: Reloaded<Caller>,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

impl ProviderSettings {
    pub(super) fn read(vars: &Vars, identity: &IdentitySettings) -> Result<Self, ConfigError> {
        let ends = Ends { own: identity.id.clone(), provider: vars.required(&ID)? };
        let timeout = vars.millis(&TIMEOUT, 10..=600_000)?;
        let scheme = if matches!(identity.mode, TlsMode::Rustls(_)) { "https://" } else { "http://" };
        let caller = caller(vars.required(&KEY)?, &identity.mode, ends, timeout)?;
        Ok(Self { endpoint: endpoint(vars, scheme)?, caller, timeout })
    }
}

fn caller(
    key: PathBuf,
    mode: &TlsMode,
    ends: Ends,
    timeout: Duration,
) -> Result<Reloaded<Caller>, ConfigError> {
    let own = if let TlsMode::Rustls(own) = mode { Some(own.clone()) } else { None };
    let mut files = own.as_ref().map(IdentityFiles::paths).unwrap_or_default();
    files.push(key.clone());
    Reloaded::read("caller", files, move || {
        let identity = own.as_ref().map(IdentityFiles::load).transpose()?;
        let signing = SigningKey::from_pem(&read(&KEY, &key)?);
        let signing = signing.map_err(|e| ConfigError::bad(&KEY, "the file", e))?;
        Caller::new(identity, signing, &ends, timeout)
    })
}

fn endpoint(vars: &Vars, scheme: &str) -> Result<String, ConfigError> {
    let text: String = vars.required(&ENDPOINT)?;
    let authority = text.strip_prefix(scheme).map(|rest| rest.trim_end_matches('/'));
    match authority {
        Some(authority) if !authority.is_empty() && !authority.contains(['/', '?', '#', '@']) => {
            Ok(format!("{scheme}{authority}"))
        }
        Some(_) => Err(ConfigError::bad(&ENDPOINT, &text, "give scheme, host and port only")),
        None => Err(ConfigError::bad(&ENDPOINT, &text, format!("it must begin with {scheme}"))),
    }
}
