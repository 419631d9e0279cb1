//! The gate before every path of the business port: workload identity, then the signed request, then the body.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use gate::Refusal;
use gate::token::charge::{ChargeVerifier, VerifiedCharge};
use gate::token::{BodyHash, bearer_text, known_kid};
use service::Clock;
use service::peer::{Claimed, Source, identify, refuse};
use service::reload::Reloaded;

/// What the gate judges by.
pub struct Gate {
    /// Keys and the one allowed caller.
    pub verifier: Reloaded<ChargeVerifier>,
    /// Where workload identities come from.
    pub source: Source,
    /// For the times of tokens and certificates.
    pub clock: Clock,
}

impl Gate {
    fn judge(&self, req: &ServiceRequest) -> Result<VerifiedCharge, Refusal> {
        let now = self.clock.seconds();
        let peer = identify(req, &self.source, now)?;
        let token = bearer_text(req.headers().get_all(AUTHORIZATION).map(|value| value.as_bytes()))?;
        let target = req.uri().path_and_query().map_or("/", |target| target.as_str());
        let verifier = self.verifier.get();
        let verified = verifier.verify(token, &peer, req.method().as_str(), target, now);
        // Nobody reads the body of a GET: it must have been signed as none.
        let empty = |verified: &VerifiedCharge| match *req.method() {
            Method::GET => verified.body_hash.check(BodyHash::of(b"")),
            _ => Ok(()),
        };
        verified.and_then(|verified| empty(&verified).map(|()| verified)).inspect_err(|_| {
            let claimed = Claimed {
                peer: Some(peer.id.to_string()),
                kid: known_kid(token, &verifier.keys),
                subject: None,
            };
            req.extensions_mut().insert(claimed);
        })
    }
}

/// Middleware: no handler runs, and no byte of the body is read, for a caller that the gate refuses.
pub async fn middleware<B: MessageBody + 'static>(
    gate: web::Data<Gate>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match gate.judge(&req) {
        Ok(verified) => {
            let subject = verified.subject.to_string();
            let claimed =
                Claimed { peer: Some(subject.clone()), kid: Some(verified.kid), subject: Some(subject) };
            req.extensions_mut().insert(claimed);
            // `extract::Json` holds the body against it.
            req.extensions_mut().insert(verified.body_hash);
            next.call(req).await.map(ServiceResponse::map_into_left_body)
        }
        Err(refusal) => {
            let problem = refuse(req.request(), refusal);
            Ok(req.into_response(problem.error_response()).map_into_right_body())
        }
    }
}
