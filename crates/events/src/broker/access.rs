//! Where the broker is, and who we are to it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use service::settings::read;
use service::{ConfigError, Var, Vars};

/// Where events go and come from.
pub const URL: Var = Var::unset(
    "BROKER_URL",
    "a RabbitMQ over which events travel, instead of `EVENTS_TO`: `amqps://host:port`, and `/name` behind it for a virtual host; `amqp` only on this machine; no user, which is always the name of the service",
);
const QUEUE_URL: Var = Var::unset(
    "QUEUE_URL",
    "a RabbitMQ, given like `BROKER_URL`, over which `serve` hands billing out to the workers that listen there; without it each process looks for work by itself",
);
const CA: Var = Var::unset("BROKER_CA_FILE", "certificates (PEM) of the CA of the RabbitMQ, for `amqps`");
const PASSWORD: Var = Var::unset("BROKER_PASSWORD_FILE", "file with our password for the RabbitMQ");

/// The variables of a service that sends or receives over a broker.
pub const SETTINGS: [Var; 3] = [URL, CA, PASSWORD];

/// Seconds after which a silent connection is given up, twice.
const HEARTBEAT: u16 = 10;

/// The way to the broker. Password and CA are read at each connection, so that either may be replaced.
#[derive(Clone, Debug)]
pub struct Access {
    host: String,
    port: u16,
    vhost: String,
    user: &'static str,
    password: PathBuf,
    /// None: in the clear, to this machine.
    ca: Option<PathBuf>,
}

/// What a connection is opened with.
pub(super) struct Door {
    pub uri: AMQPUri,
    pub tls: Option<Arc<ClientConfig>>,
}

/// Where workers are given work.
pub fn queue_access(vars: &Vars, user: &'static str) -> Result<Option<Access>, ConfigError> {
    Access::read(vars, &QUEUE_URL, user)
}

/// The variable that [`queue_access`] reads beside [`SETTINGS`].
pub const QUEUE: Var = QUEUE_URL;

impl Access {
    /// Reads and checks what a variable names; nothing when it is not set.
    pub fn read(vars: &Vars, var: &Var, user: &'static str) -> Result<Option<Self>, ConfigError> {
        let (ca, password) = (vars.optional(&CA)?, vars.optional(&PASSWORD)?);
        let Some(text) = vars.text(var) else { return Ok(None) };
        let bad = |problem: &str| ConfigError::bad(var, &text, problem);
        let url = Url::parse(&text).map_err(|e| bad(&e.to_string()))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("it has no host"))?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let (ca, port) = match url.scheme() {
            "amqps" => (Some(ca.ok_or_else(|| missing(&CA))?), 5671),
            "amqp" if is_loopback(&host) => (None, 5672),
            "amqp" => return Err(bad("only this machine is spoken to in the clear")),
            _ => return Err(bad("give amqps://host:port")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("leave user and password out: the password stands in BROKER_PASSWORD_FILE"));
        }
        let vhost =
            vhost(&url).ok_or_else(|| bad("give at most one plain name as virtual host behind the port"))?;
        let password = password.ok_or_else(|| missing(&PASSWORD))?;
        let access = Self { host, port: url.port().unwrap_or(port), vhost, user, password, ca };
        access.open()?;
        Ok(Some(access))
    }

    /// Who we are there.
    #[must_use]
    pub fn user(&self) -> &'static str {
        self.user
    }

    /// Reads password and CA.
    pub(super) fn open(&self) -> Result<Door, ConfigError> {
        let password = read(&PASSWORD, &self.password)?.trim().to_owned();
        if password.is_empty() {
            return Err(ConfigError::bad(&PASSWORD, &self.password.display().to_string(), "it is empty"));
        }
        let tls = self.ca.as_deref().map(client).transpose()?;
        let scheme = if tls.is_some() { AMQPScheme::AMQPS } else { AMQPScheme::AMQP };
        let userinfo = AMQPUserInfo { username: self.user.to_owned(), password };
        let authority = AMQPAuthority { userinfo, host: self.host.clone(), port: self.port };
        let query = AMQPQueryString { heartbeat: Some(HEARTBEAT), ..AMQPQueryString::default() };
        Ok(Door { uri: AMQPUri { scheme, authority, vhost: self.vhost.clone(), query }, tls })
    }
}

/// One CA is trusted, and no other; the broker shows that it has the name under which we look for it.
fn client(ca: &Path) -> Result<Arc<ClientConfig>, ConfigError> {
    let bad = |problem: String| ConfigError::bad(&CA, &ca.display().to_string(), problem);
    let text = read(&CA, ca)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let certificate = certificate.map_err(|e| bad(e.to_string()))?;
        roots.add(certificate).map_err(|e| bad(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("it holds no certificate".into()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(ConfigError::internal)?.with_root_certificates(roots);
    Ok(Arc::new(config.with_no_client_auth()))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn vhost(url: &Url) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let name = url.path().trim_start_matches('/');
    let good = name.chars().all(plain) && url.query().is_none() && url.fragment().is_none();
    good.then(|| if name.is_empty() { "/".to_owned() } else { name.to_owned() })
}

fn missing(var: &Var) -> ConfigError {
    ConfigError::new(format!("set {}: {}", var.name, var.meaning))
}

#[cfg(test)]
#[path = "access_tests.rs"]
mod tests;
