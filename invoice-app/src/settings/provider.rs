//! How the payment provider is reached, and how requests to it are signed.

use std::time::Duration;

use gate::SpiffeId;
use gate::keys::SigningKey;
use gate::token::charge::{AUDIENCE, ChargeSigner, ISSUER};
use rustls::ClientConfig;
use service::identity::{IdentitySettings, TlsMode};
use service::{ConfigError, Var, Vars};

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
    /// What TLS shows and trusts.
    pub tls: ClientConfig,
    /// Signs each request.
    pub signer: ChargeSigner,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

impl ProviderSettings {
    pub(super) fn read(vars: &Vars, identity: &IdentitySettings) -> Result<Self, ConfigError> {
        let provider: SpiffeId = vars.required(&ID)?;
        let key =
            SigningKey::from_pem(&vars.file(&KEY)?).map_err(|e| ConfigError::bad(&KEY, "the file", e))?;
        let (scheme, tls) = match &identity.mode {
            TlsMode::Rustls(own) => ("https://", own.client_config(provider)?),
            TlsMode::Mesh => ("http://", plain()?),
        };
        Ok(Self {
            endpoint: endpoint(vars, scheme)?,
            tls,
            signer: ChargeSigner {
                key,
                issuer: ISSUER.into(),
                subject: identity.id.clone(),
                audience: AUDIENCE.into(),
                thumbprint: identity.thumbprint(),
            },
            timeout: vars.millis(&TIMEOUT, 10..=600_000)?,
        })
    }
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

/// In a mesh the sidecar ends TLS; a client that trusts nobody cannot speak TLS by mistake.
fn plain() -> Result<ClientConfig, ConfigError> {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|e| ConfigError::new(format!("cannot start TLS: {e}")))?;
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}
