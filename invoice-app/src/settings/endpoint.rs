//! `PAYMENT_PROVIDER_ENDPOINT` has two meanings: without a path our batch API, with one a legacy provider.

use std::net::IpAddr;

use reqwest::Url;
use service::{ConfigError, Var, Vars};

use crate::clients::provider::LegacyPath;

pub(super) const ENDPOINT: Var = Var::new(
    "PAYMENT_PROVIDER_ENDPOINT",
    "https://localhost:8082",
    "payment provider: `https` with `TLS_MODE=rustls`, `http` with `mesh`. Without any path, not even a last `/`, it \
     means our batch API; with the path `/`, `/pp/rest/v1/charge` or `/payments/pay` a legacy provider, asked for one \
     charge at a time, on loopback over `http` too",
);

/// What the variable says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// Scheme, host and port.
    pub(super) base: String,
    /// What a legacy provider speaks; none: it is our batch API.
    pub(super) legacy: Option<LegacyPath>,
    /// Whether this process speaks TLS to it.
    pub(super) tls: bool,
}

impl Endpoint {
    /// Reads it; `own_tls` is whether this process has a certificate, instead of a sidecar.
    pub(super) fn read(vars: &Vars, own_tls: bool) -> Result<Self, ConfigError> {
        let text: String = vars.required(&ENDPOINT)?;
        Self::parse(&text, own_tls).map_err(|problem| ConfigError::bad(&ENDPOINT, &text, problem))
    }

    fn parse(text: &str, own_tls: bool) -> Result<Self, String> {
        let wanted = if own_tls { "https" } else { "http" };
        let begin = || format!("it must begin with {wanted}://");
        let (scheme, rest) = text.split_once("://").ok_or_else(begin)?;
        let (authority, path) = rest.find('/').map_or((rest, None), |at| (&rest[..at], Some(&rest[at..])));
        let base = format!("{scheme}://{authority}");
        let host = host(&base, authority).ok_or("give scheme, host and port")?;
        let legacy = path.map(legacy).transpose()?;
        let plain_here = legacy.is_some() && scheme == "http" && is_loopback(&host);
        if scheme == wanted || plain_here {
            Ok(Self { base, legacy, tls: scheme == "https" })
        } else if legacy.is_some() && scheme == "http" {
            Err(format!("{}, unless the host is loopback", begin()))
        } else {
            Err(begin())
        }
    }
}

fn legacy(path: &str) -> Result<LegacyPath, String> {
    let known = LegacyPath::ALL.into_iter().find(|known| known.as_str() == path);
    known.ok_or_else(|| {
        let paths = LegacyPath::ALL.map(LegacyPath::as_str).join(", ");
        format!("give scheme, host and port only, or one of the paths of legacy providers: {paths}")
    })
}

/// The host as the client will see it. What could hide another one is no authority.
fn host(base: &str, authority: &str) -> Option<String> {
    let odd = |c: char| matches!(c, '?' | '#' | '@' | '\\') || c.is_whitespace() || c.is_control();
    if authority.is_empty() || authority.contains(odd) {
        return None;
    }
    Some(Url::parse(base).ok()?.host_str()?.to_owned())
}

fn is_loopback(host: &str) -> bool {
    let ip: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    host == "localhost" || ip.is_some_and(|ip| ip.is_loopback())
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
