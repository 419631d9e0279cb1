//! Who we are to those whom we tell: a client that shows our certificate to exactly one service, and the event key. A
//! token is bound to the certificate of the connection that it travels over, so the two are one value.

use std::collections::HashMap;
use std::time::Duration;

use gate::SpiffeId;
use gate::keys::SigningKey;
use gate::tls::{Identity, client_config_of_sidecar};
use gate::token::event::EventSigner;
use rustls::ClientConfig;
use service::ConfigError;
use service::reload::Credential;

/// Longest wait for a receiver's answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A service that is told.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: String,
    /// Scheme, host and port.
    pub base: String,
    /// Who must be there.
    pub id: SpiffeId,
}

/// To be taken once per request.
pub struct Sender {
    lines: HashMap<String, Line>,
    identity: Option<Identity>,
}

/// The way to one service.
pub struct Line {
    pub http: reqwest::Client,
    pub base: String,
    pub signer: EventSigner,
}

impl Sender {
    /// A sender with a certificate, or in a mesh without one.
    pub fn new(
        identity: Option<Identity>,
        key: &SigningKey,
        own: &SpiffeId,
        targets: &[Target],
    ) -> Result<Self, ConfigError> {
        let thumbprint = identity.as_ref().map(Identity::thumbprint);
        let line = |target: &Target| {
            let tls = match &identity {
                Some(own) => own.client_config(target.id.clone())?,
                None => client_config_of_sidecar()?,
            };
            let http = client(tls).map_err(ConfigError::internal)?;
            let (key, subject) = (key.clone(), own.clone());
            let signer = EventSigner { key, subject, audience: target.name.clone(), thumbprint };
            Ok((target.name.clone(), Line { http, base: target.base.clone(), signer }))
        };
        let lines = targets.iter().map(line).collect::<Result<_, ConfigError>>()?;
        Ok(Self { lines, identity })
    }

    /// The way to a service.
    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.get(name)
    }
}

impl Credential for Sender {
    fn check(&self, now: i64) -> Result<(), ConfigError> {
        self.identity.as_ref().map_or(Ok(()), |own| Ok(own.check_as_client(now)?))
    }

    fn expires_at(&self) -> Option<i64> {
        self.identity.as_ref().map(Identity::expires_at)
    }
}

fn client(tls: ClientConfig) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // An answer from elsewhere is no answer of the receiver's.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(50))
        .build()
}
