//! Who may call a public API: API keys with scopes, or nobody checked where that cannot hurt.

use std::net::SocketAddr;
use std::path::PathBuf;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, ResponseError, web};
use gate::Refusal;
use gate::keys::VerifyingKeys;
use gate::token::api_key::{self, ApiKeyVerifier};
use gate::token::{Scope, Subject, api_key_text, known_kid};

use crate::peer::{Claimed, refuse};
use crate::reload::{Reloaded, Reloads};
use crate::revocations::Revocations;
use crate::routes::Access;
use crate::settings::{ConfigError, Var, Vars, read};
use crate::viewer::Viewer;
use crate::{Clock, Problem};

const AUTH: Var = Var::new(
    "AUTH",
    "keys",
    "`keys`: callers of the public API show a signed API key; `off`: nobody is asked, allowed on loopback only",
);
const INSECURE: Var = Var::unset(
    "INSECURE_PUBLIC_API",
    "the literal `allow` permits `AUTH=off` beyond loopback; for demonstrations, never for production",
);
const JWKS: Var =
    Var::unset("API_JWKS_FILE", "JWKS with the operator's public keys, by which API keys are judged");

/// How callers of the public API are judged.
#[derive(Clone, Debug)]
pub enum ApiAuth {
    /// By their API key.
    Keys(Reloaded<ApiKeyVerifier>),
    /// Not at all; on loopback a browser's foreign pages are still kept out.
    Off {
        /// Refuse requests that a foreign web page could have caused.
        local_only: bool,
    },
}

impl ApiAuth {
    /// Reads `AUTH`, `API_JWKS_FILE`, `INSECURE_PUBLIC_API`; refuses `off` where it may not be.
    pub fn read(vars: &Vars, listen: SocketAddr) -> Result<Self, ConfigError> {
        let (auth, allowed) = (vars.text(&AUTH).unwrap_or_default(), insecure_allowed(vars));
        match auth.as_str() {
            "keys" => Ok(Self::Keys(keys(vars)?)),
            "off" if allowed => Ok(Self::Off { local_only: false }),
            "off" if listen.ip().is_loopback() => Ok(Self::Off { local_only: true }),
            "off" => Err(ConfigError::bad(&AUTH, "off", format!("{listen} can be reached from elsewhere"))),
            other => Err(ConfigError::bad(&AUTH, other, "it must be keys or off")),
        }
    }

    /// Has the operator's public keys read again when they change.
    pub fn watch(&self, reloads: &mut Reloads) -> Result<(), ConfigError> {
        if let Self::Keys(verifier) = self { reloads.watch(verifier) } else { Ok(()) }
    }

    /// The variables it reads, for the tables.
    #[must_use]
    pub fn vars() -> [Var; 3] {
        [AUTH, JWKS, INSECURE]
    }
}

fn keys(vars: &Vars) -> Result<Reloaded<ApiKeyVerifier>, ConfigError> {
    let path: PathBuf = vars.required(&JWKS)?;
    Reloaded::read("api_jwks", vec![path.clone()], move || verifier(&read(&JWKS, &path)?))
}

fn verifier(jwks: &str) -> Result<ApiKeyVerifier, ConfigError> {
    let keys = VerifyingKeys::from_jwks_json(jwks).map_err(|e| ConfigError::bad(&JWKS, "the file", e))?;
    Ok(ApiKeyVerifier { keys, issuer: api_key::ISSUER.into(), audience: api_key::AUDIENCE.into() })
}

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
    req: ServiceRequest,
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
            Ok(req.into_response(problem.error_response()).map_into_right_body())
        }
    }
}

/// Whether `INSECURE_PUBLIC_API=allow` is set.
#[must_use]
pub fn insecure_allowed(vars: &Vars) -> bool {
    vars.text(&INSECURE).as_deref() == Some("allow")
}
