//! The guard before each endpoint of a public API.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use gate::Refusal;
use gate::token::api_key::ApiKeyVerifier;
use gate::token::{Scope, Subject, api_key_text, known_kid};

use crate::access::Access;
use crate::api_auth::ApiAuth;
use crate::extract::discard;
use crate::metrics::Metrics;
use crate::peer::{Claimed, refuse};
use crate::revocations::Revocations;
use crate::viewer::Viewer;
use crate::{Clock, Problem};

/// A key that ends within it is to be replaced, in seconds.
const WEEK: i64 = 7 * 86_400;

/// A page of another site that talks to localhost gives itself away by its origin, or by the name it used (DNS
/// rebinding).
fn local(req: &ServiceRequest) -> Result<(), Refusal> {
    let header = |name: HeaderName| req.headers().get(name).and_then(|value| value.to_str().ok());
    let host = header(HOST).is_some_and(is_loopback_authority);
    let origin =
        header(ORIGIN).is_none_or(|origin| origin.strip_prefix("http://").is_some_and(is_loopback_authority));
    if host && origin { Ok(()) } else { Err(Refusal::ForeignOrigin) }
}

fn is_loopback_authority(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// How the keys of a server's endpoints are judged; put beside the routes as `web::Data`.
#[derive(Clone)]
pub struct Guarded {
    /// How to judge.
    pub auth: ApiAuth,
    /// Keys that are good no longer.
    pub revoked: Revocations,
    /// For the keys' times.
    pub clock: Clock,
}

impl Guarded {
    fn judge(&self, req: &ServiceRequest, scope: Scope, users: Users) -> Result<Viewer, Refusal> {
        match &self.auth {
            ApiAuth::Off { local_only: false } => Ok(Viewer::All),
            ApiAuth::Off { local_only: true } => local(req).map(|()| Viewer::All),
            ApiAuth::Keys(verifier) => self.judge_key(req, &verifier.get(), scope, users),
        }
    }

    fn judge_key(
        &self,
        req: &ServiceRequest,
        verifier: &ApiKeyVerifier,
        scope: Scope,
        users: Users,
    ) -> Result<Viewer, Refusal> {
        let lines = |name: HeaderName| req.headers().get_all(name).map(|value| value.as_bytes());
        let token = api_key_text(lines(AUTHORIZATION), lines(HeaderName::from_static("x-api-key")))?;
        let grant = verifier.verify(token, self.clock.seconds()).inspect_err(|_| {
            let kid = known_kid(token, &verifier.keys);
            req.extensions_mut().insert(Claimed { kid, ..Claimed::default() });
        })?;
        let subject = Some(grant.subject.to_string());
        req.extensions_mut().insert(Claimed { peer: None, kid: Some(grant.kid.clone()), subject });
        if self.revoked.holds(&grant.jti) {
            return Err(Refusal::Revoked);
        }
        let viewer = match (&grant.subject, users) {
            (Subject::Team(_), _) => Viewer::All,
            (Subject::User(id), Users::SeeTheirOwn) => Viewer::User(id.clone()),
            (Subject::User(_), Users::No) => return Err(Refusal::TeamKeysOnly),
        };
        grant.opens(scope)?;
        if let Some(metrics) = req.app_data::<web::Data<Metrics>>() {
            metrics.accepted(grant.expires_at - self.clock.seconds() <= WEEK);
        }
        req.extensions_mut().insert(grant);
        Ok(viewer)
    }
}

/// Whether an endpoint is for users as well.
#[derive(Clone, Copy)]
enum Users {
    No,
    SeeTheirOwn,
}

/// Lets a request through that may call its endpoint. `access` is what the matched route asks for: it is never
/// looked up by the path a second time, which could be spelt in another way. Without [`Guarded`] nobody gets through.
pub async fn enforce<B: MessageBody + 'static>(
    access: Access,
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let (scope, users) = match access {
        Access::Public | Access::Gate => {
            return next.call(req).await.map(ServiceResponse::map_into_left_body);
        }
        Access::Key(scope) => (scope, Users::No),
        Access::Own(scope) => (scope, Users::SeeTheirOwn),
    };
    let judged = match req.app_data::<web::Data<Guarded>>() {
        Some(guarded) => guarded.judge(&req, scope, users),
        None => Err(Refusal::MissingToken),
    };
    match judged {
        Ok(viewer) => {
            req.extensions_mut().insert(viewer);
            next.call(req).await.map(ServiceResponse::map_into_left_body)
        }
        Err(refusal) => {
            let problem: Problem = refuse(req.request(), refusal);
            discard(req.take_payload()).await;
            Ok(req.into_response(problem.error_response()).map_into_right_body())
        }
    }
}
