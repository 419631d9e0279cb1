//! The gate before a port that is for workloads: who is calling, then the signed request, then the body.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use gate::tls::Current;
use gate::token::charge::ChargeVerifier;
use gate::token::event::EventVerifier;
use gate::token::{BodyHash, VerifiedRequest, bearer_text, known_kid};
use gate::{Peer, Refusal, SpiffeId};
use rustls::ServerConfig;

use crate::identity::{IdentitySettings, TlsMode};
use crate::peer::{Claimed, Source, identify, refuse};
use crate::reload::{Credential, Reloaded, Reloads};
use crate::{Clock, ConfigError};

/// Judges one kind of signed request.
pub trait Verifier: Credential {
    /// Judges a request by its peer, its token and its head.
    fn verify(
        &self,
        token: &str,
        peer: &Peer,
        request: (&str, &str),
        now: i64,
    ) -> Result<VerifiedRequest, Refusal>;

    /// Which of the known keys a token names, for the audit line.
    fn known_kid(&self, token: &str) -> Option<String>;
}

impl Verifier for ChargeVerifier {
    fn verify(
        &self,
        token: &str,
        peer: &Peer,
        (method, target): (&str, &str),
        now: i64,
    ) -> Result<VerifiedRequest, Refusal> {
        Self::verify(self, token, peer, method, target, now)
    }

    fn known_kid(&self, token: &str) -> Option<String> {
        known_kid(token, &self.keys)
    }
}

impl Verifier for EventVerifier {
    fn verify(
        &self,
        token: &str,
        peer: &Peer,
        (method, target): (&str, &str),
        now: i64,
    ) -> Result<VerifiedRequest, Refusal> {
        Self::verify(self, token, peer, method, target, now)
    }

    fn known_kid(&self, token: &str) -> Option<String> {
        self.senders.iter().find_map(|sender| known_kid(token, &sender.keys))
    }
}

/// What the gate judges by.
pub struct Gate<V> {
    /// Keys and allowed callers.
    pub verifier: Reloaded<V>,
    /// Where workload identities come from.
    pub source: Source,
    /// For the times of tokens and certificates.
    pub clock: Clock,
}

/// Who was let through, in the extensions of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload(pub SpiffeId);

impl<V: Verifier> Gate<V> {
    fn judge(&self, req: &ServiceRequest) -> Result<VerifiedRequest, Refusal> {
        let now = self.clock.seconds();
        let peer = identify(req, &self.source, now)?;
        let token = bearer_text(req.headers().get_all(AUTHORIZATION).map(|value| value.as_bytes()))?;
        let target = req.uri().path_and_query().map_or("/", |target| target.as_str());
        let verifier = self.verifier.get();
        let verified = verifier.verify(token, &peer, (req.method().as_str(), target), now);
        // Nobody reads the body of a GET: it must have been signed as none.
        let empty = |verified: &VerifiedRequest| match *req.method() {
            Method::GET => verified.body_hash.check(BodyHash::of(b"")),
            _ => Ok(()),
        };
        verified.and_then(|verified| empty(&verified).map(|()| verified)).inspect_err(|_| {
            let (peer, kid) = (Some(peer.id.clone()), verifier.known_kid(token));
            req.extensions_mut().insert(Claimed { peer, kid, subject: None });
        })
    }
}

/// Middleware: no handler runs, and no byte of the body is read, for a caller that the gate refuses.
pub async fn middleware<V: Verifier, B: MessageBody + 'static>(
    gate: web::Data<Gate<V>>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match gate.judge(&req) {
        Ok(verified) => {
            let (peer, subject) = (verified.subject.clone(), verified.subject.to_string());
            let claimed = Claimed { peer: Some(peer), kid: Some(verified.kid), subject: Some(subject) };
            req.extensions_mut().insert(claimed);
            req.extensions_mut().insert(Workload(verified.subject));
            // `extract` holds the body against it.
            req.extensions_mut().insert(verified.body_hash);
            next.call(req).await.map(ServiceResponse::map_into_left_body)
        }
        Err(refusal) => {
            let problem = refuse(req.request(), refusal);
            Ok(req.into_response(problem.error_response()).map_into_right_body())
        }
    }
}

/// How callers are known, and with which TLS they are served. What we show and trust is asked for at each handshake.
pub fn callers(
    identity: &IdentitySettings,
    reloads: &mut Reloads,
) -> Result<(Source, Option<ServerConfig>), ConfigError> {
    let TlsMode::Rustls(files) = &identity.mode else { return Ok((Source::Mesh, None)) };
    let (paths, files) = (files.paths(), files.clone());
    let identity = Reloaded::read("identity", paths, move || files.load())?;
    reloads.watch(&identity)?;
    let current = Current::new(move || identity.get());
    let tls = gate::tls::server_config(current.clone())?;
    Ok((Source::Certificate(current), Some(tls)))
}
