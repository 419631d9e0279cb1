//! Who we are to the payment provider: a client that shows our certificate, and the key that signs for it. A token is
//! bound to the certificate of the connection that it travels over, so the two are one value. A legacy provider reads
//! no token; it may want a key of its own making.

use std::time::Duration;

use gate::SpiffeId;
use gate::keys::SigningKey;
use gate::tls::{Identity, client_config_of_sidecar};
use gate::token::charge::{AUDIENCE, ChargeSigner, ISSUER};
use reqwest::header::HeaderValue;
use rustls::ClientConfig;
use service::ConfigError;
use service::reload::Credential;

/// To be taken once per request.
pub struct Caller {
    /// Connections that show our certificate.
    pub http: reqwest::Client,
    /// Signs what goes over them.
    pub signer: ChargeSigner,
    identity: Option<Identity>,
}

/// Both ends of the connection.
#[derive(Clone, Debug)]
pub struct Ends {
    /// Us.
    pub own: SpiffeId,
    /// Whom we talk to, and to nobody else.
    pub provider: SpiffeId,
}

impl Caller {
    /// A caller with a certificate, or in a mesh without one.
    pub fn new(
        identity: Option<Identity>,
        key: SigningKey,
        ends: &Ends,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        let tls = match &identity {
            Some(own) => own.client_config(ends.provider.clone())?,
            None => client_config_of_sidecar()?,
        };
        let signer = ChargeSigner {
            key,
            issuer: ISSUER.into(),
            subject: ends.own.clone(),
            audience: AUDIENCE.into(),
            thumbprint: identity.as_ref().map(Identity::thumbprint),
        };
        let http = client(tls, timeout).map_err(ConfigError::internal)?;
        Ok(Self { http, signer, identity })
    }
}

/// Who we are to a legacy provider. To be taken once per request.
pub struct LegacyCaller {
    /// Connections to it.
    pub http: reqwest::Client,
    /// What it is shown as `X-API-Key`, where it wants one.
    pub key: Option<HeaderValue>,
    identity: Option<Identity>,
}

impl LegacyCaller {
    /// A caller over TLS, which trusts the CA of `identity` and checks the host's name; without one, in plain HTTP.
    pub fn new(
        identity: Option<Identity>,
        key: Option<HeaderValue>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        let tls = match &identity {
            Some(own) => own.client_config_by_name()?,
            None => client_config_of_sidecar()?,
        };
        let http = client(tls, timeout).map_err(ConfigError::internal)?;
        Ok(Self { http, key, identity })
    }
}

impl Credential for Caller {
    fn check(&self, now: i64) -> Result<(), ConfigError> {
        check(self.identity.as_ref(), now)
    }

    fn expires_at(&self) -> Option<i64> {
        self.identity.as_ref().map(Identity::expires_at)
    }
}

impl Credential for LegacyCaller {
    fn check(&self, now: i64) -> Result<(), ConfigError> {
        check(self.identity.as_ref(), now)
    }

    fn expires_at(&self) -> Option<i64> {
        self.identity.as_ref().map(Identity::expires_at)
    }
}

fn check(identity: Option<&Identity>, now: i64) -> Result<(), ConfigError> {
    identity.map_or(Ok(()), |own| Ok(own.check_as_client(now)?))
}

fn client(tls: ClientConfig, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // An answer from elsewhere is no answer of the provider's.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(timeout)
        .timeout(timeout)
        .pool_idle_timeout(Duration::from_secs(50))
        .build()
}
