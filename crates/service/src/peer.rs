//! The caller's workload identity, from the connection; and the audit line of every refusal.

use std::any::Any;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::rt::net::TcpStream;
use actix_web::{HttpMessage, HttpRequest, web};
use gate::{Peer, Refusal};

use crate::Problem;
use crate::metrics::Metrics;

/// What is known of a connection, once for all its requests.
#[derive(Clone, Debug)]
enum Connection {
    /// We ended TLS: the client certificate says who it is.
    Tls(Result<Peer, Refusal>),
    /// Plain TCP: only a sidecar on loopback can vouch for the caller.
    Plain { loopback: bool },
}

/// Where identities come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The client certificate of our own TLS.
    Certificate,
    /// The mesh's `X-Forwarded-Client-Cert`.
    Mesh,
}

/// For `HttpServer::on_connect`. An unknown kind of connection leaves nothing behind, and so has no identity.
pub fn on_connect(io: &dyn Any, data: &mut Extensions) {
    if let Some(tls) = io.downcast_ref::<TlsStream<TcpStream>>() {
        let certificate = tls.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let peer = certificate.map_or(Err(Refusal::NoPeerIdentity), |der| Peer::from_certificate(der));
        data.insert(Connection::Tls(peer));
    } else if let Some(tcp) = io.downcast_ref::<TcpStream>() {
        let loopback = tcp.peer_addr().is_ok_and(|addr| addr.ip().to_canonical().is_loopback());
        data.insert(Connection::Plain { loopback });
    }
}

/// Who is calling at `now`, in seconds: a connection says nothing more once its certificate has ended.
pub fn identify(req: &ServiceRequest, source: Source, now: i64) -> Result<Peer, Refusal> {
    match (req.conn_data::<Connection>(), source) {
        (Some(Connection::Tls(peer)), Source::Certificate) => peer.clone()?.at(now),
        (Some(Connection::Plain { loopback }), Source::Mesh) => {
            let line = req.headers().get_all("x-forwarded-client-cert").last();
            let line = line.ok_or(Refusal::NoPeerIdentity)?;
            Peer::from_xfcc(line.to_str().map_err(|_| Refusal::BadPeerIdentity)?, *loopback)
        }
        _ => Err(Refusal::NoPeerIdentity),
    }
}

/// Who a refused caller said to be; for the audit line only.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// Workload identity of the connection.
    pub peer: Option<String>,
    /// Key id of the token, once it is known.
    pub kid: Option<String>,
    /// Subject of the token, once it is verified.
    pub subject: Option<String>,
}

/// Writes the audit line and counts the refusal; the caller is told only its kind.
pub fn refuse(req: &HttpRequest, refusal: Refusal) -> Problem {
    let claimed = req.extensions().get::<Claimed>().cloned().unwrap_or_default();
    tracing::warn!(
        target: "audit",
        reason = refusal.reason(),
        peer = claimed.peer,
        kid = claimed.kid,
        subject = claimed.subject,
        from = req.peer_addr().map(|addr| addr.ip().to_string()),
        "refused"
    );
    if let Some(metrics) = req.app_data::<web::Data<Metrics>>() {
        metrics.refused(refusal.reason());
    }
    refusal.into()
}
