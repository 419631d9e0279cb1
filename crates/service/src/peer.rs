//! The caller's workload identity, from the connection; and the audit line of every refusal.

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::dev::{Extensions, ServiceRequest};
use actix_web::rt::net::TcpStream;
use actix_web::{HttpMessage, HttpRequest, web};
use gate::tls::{Current, Identity};
use gate::token::Subject;
use gate::{Peer, Refusal, SpiffeId};
use rustls::pki_types::CertificateDer;

use crate::Problem;
use crate::metrics::Metrics;

/// What is known of a connection, once for all its requests.
enum Connection {
    /// We ended TLS: the client certificate says who it is.
    Tls { peer: Result<Peer, Refusal>, shown: Shown },
    /// Plain TCP: only a sidecar on loopback can vouch for the caller.
    Plain { loopback: bool },
}

/// What opened the connection. A handshake's judgement holds until there is another identity to judge by: whoever
/// is revoked meanwhile is out, connected or not.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    /// Held by the thread that serves the connection.
    judged_by: RefCell<Option<Arc<Identity>>>,
}

impl Shown {
    fn is_accepted(&self, by: &Arc<Identity>, now: i64) -> Result<(), Refusal> {
        let mut judged_by = self.judged_by.borrow_mut();
        if !judged_by.as_ref().is_some_and(|before| Arc::ptr_eq(before, by)) {
            by.accepts_client(&self.chain, now)?;
            *judged_by = Some(Arc::clone(by));
        }
        Ok(())
    }
}

/// Where identities come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The client certificate of our own TLS, as good as this identity finds it.
    Certificate(Current),
    /// The mesh's `X-Forwarded-Client-Cert`.
    Mesh,
}

/// For `HttpServer::on_connect`. An unknown kind of connection leaves nothing behind, and so has no identity.
pub fn on_connect(io: &dyn Any, data: &mut Extensions) {
    if let Some(tls) = io.downcast_ref::<TlsStream<TcpStream>>() {
        let chain = tls.get_ref().1.peer_certificates().unwrap_or_default();
        let peer = chain.first().map_or(Err(Refusal::NoPeerIdentity), |der| Peer::from_certificate(der));
        let chain = chain.iter().map(|der| der.clone().into_owned()).collect();
        let shown = Shown { chain, judged_by: RefCell::default() };
        data.insert(Connection::Tls { peer, shown });
    } else if let Some(tcp) = io.downcast_ref::<TcpStream>() {
        let loopback = tcp.peer_addr().is_ok_and(|addr| addr.ip().to_canonical().is_loopback());
        data.insert(Connection::Plain { loopback });
    }
}

/// Who is calling at `now`, in seconds: a connection says nothing more once its certificate has ended.
pub fn identify(req: &ServiceRequest, source: &Source, now: i64) -> Result<Peer, Refusal> {
    match (req.conn_data::<Connection>(), source) {
        (Some(Connection::Tls { peer, shown }), Source::Certificate(current)) => {
            let peer = noted(req, peer.clone()?).at(now)?;
            shown.is_accepted(&current.get(), now)?;
            Ok(peer)
        }
        (Some(Connection::Plain { loopback }), Source::Mesh) => {
            let line = req.headers().get_all("x-forwarded-client-cert").last();
            let line = line.ok_or(Refusal::NoPeerIdentity)?;
            let line = line.to_str().map_err(|_| Refusal::BadPeerIdentity)?;
            Ok(noted(req, Peer::from_xfcc(line, *loopback)?))
        }
        _ => Err(Refusal::NoPeerIdentity),
    }
}

/// For the audit line, should the request be refused after all.
fn noted(req: &ServiceRequest, peer: Peer) -> Peer {
    req.extensions_mut().insert(Claimed { peer: Some(peer.id.clone()), ..Claimed::default() });
    peer
}

/// Who a refused caller said to be; for the audit line only.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// Workload identity of the connection.
    pub peer: Option<SpiffeId>,
    /// Key id of the token, once it is known.
    pub kid: Option<String>,
    /// Subject of the token, once it is verified.
    pub subject: Option<String>,
}

/// Where the workloads live whose names stand in the metric. A namesake from elsewhere is somebody else.
const HOMES: &[(&str, &str)] = &[
    ("antaeus", "invoice-app"),
    ("payments", "payment-provider"),
    ("commerce", "users"),
    ("commerce", "orders"),
    ("commerce", "notifications"),
];

impl Claimed {
    /// Who it was in one of few words, as far as a certificate or a signature proves it.
    fn principal(&self) -> &'static str {
        if let Some(peer) = &self.peer {
            let lives = |home: &&(&str, &str)| *home == &(peer.namespace(), peer.service_account());
            return HOMES.iter().find(lives).map_or("other", |(_, name)| name);
        }
        match self.subject.as_deref().map(str::parse) {
            Some(Ok(Subject::Team(_))) => "team",
            Some(Ok(Subject::User(_))) => "user",
            Some(Err(_)) | None => "none",
        }
    }
}

/// Writes the audit line and counts the refusal; the caller is told only its kind.
pub fn refuse(req: &HttpRequest, refusal: Refusal) -> Problem {
    let claimed = req.extensions().get::<Claimed>().cloned().unwrap_or_default();
    tracing::warn!(
        target: "audit",
        reason = refusal.reason(),
        peer = claimed.peer.as_ref().map(ToString::to_string),
        kid = claimed.kid,
        subject = claimed.subject,
        from = req.peer_addr().map(|addr| addr.ip().to_string()),
        "refused"
    );
    if let Some(metrics) = req.app_data::<web::Data<Metrics>>() {
        metrics.refused(refusal, claimed.principal());
    }
    refusal.into()
}

#[cfg(test)]
mod tests {
    use super::Claimed;

    #[test]
    fn who_was_refused_is_named_in_few_words_and_only_as_far_as_it_is_proven() {
        let peer = |id: &str| Claimed { peer: Some(id.parse().unwrap()), ..Claimed::default() };
        assert_eq!(peer("spiffe://cluster.local/ns/commerce/sa/orders").principal(), "orders");
        for namesake in
            ["spiffe://cluster.local/ns/rogue/sa/orders", "spiffe://cluster.local/ns/commerce/sa/x1"]
        {
            assert_eq!(peer(namesake).principal(), "other");
        }
        let subject = |text: &str| Claimed { subject: Some(text.to_owned()), ..Claimed::default() };
        assert_eq!(["team:a", "user:42"].map(|of| subject(of).principal()), ["team", "user"]);
        assert_eq!(Claimed { kid: Some("k".into()), ..Claimed::default() }.principal(), "none");
    }
}
