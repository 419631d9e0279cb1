//! `Idempotency-Key` at the edge: read from the request, answered as kept.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use contracts::problem::FieldError;
use db::idempotency::{Answer, Keyed, Outcome};
use gate::token::api_key::Grant;
use serde::Serialize;

use crate::Problem;
use crate::problem::Kind;

/// Longest key.
const LONGEST: usize = 255;
const HEADER: &str = "idempotency-key";

/// The caller's key, if there is one, and whose it is.
pub struct IdempotencyKey {
    key: Option<String>,
    scope: String,
}

impl IdempotencyKey {
    /// The key with the body that it stands for.
    pub fn of(self, body: &impl Serialize) -> Result<Option<Keyed>, Problem> {
        let Some(key) = self.key else { return Ok(None) };
        let request = serde_json::to_value(body).map_err(|_| Problem::new(Kind::Internal))?;
        Ok(Some(Keyed { scope: self.scope, key, request }))
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        // Two callers may choose the same key for different things.
        let caller =
            req.extensions().get::<Grant>().map_or_else(String::new, |grant| format!("{} ", grant.subject));
        let scope = format!("{caller}{} {}", req.method(), req.match_pattern().unwrap_or_default());
        std::future::ready(key(req).map(|key| Self { key, scope }))
    }
}

fn key(req: &HttpRequest) -> Result<Option<String>, Problem> {
    let refuse = |message: &str| Err(Problem::field(Kind::Malformed, "Idempotency-Key", message));
    let mut lines = req.headers().get_all(HEADER);
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return refuse("send it once");
    }
    match key_text(line.as_bytes()) {
        Some(key) => Ok(Some(key.to_owned())),
        None => refuse("give 1 to 255 visible ASCII characters"),
    }
}

/// The key that a header line holds, if it is one.
#[must_use]
pub fn key_text(line: &[u8]) -> Option<&str> {
    let good = (1..=LONGEST).contains(&line.len()) && line.iter().all(u8::is_ascii_graphic);
    if good { std::str::from_utf8(line).ok() } else { None }
}

/// The answer to a request that creates.
pub fn respond<R>(outcome: Outcome<R>, refuse: impl FnOnce(R) -> Problem) -> Result<HttpResponse, Problem> {
    match outcome {
        Outcome::Done(answer) => Ok(response(answer, false)),
        Outcome::Replayed(answer) => Ok(response(answer, true)),
        Outcome::KeyReused(fields) => Err(Problem::fields(
            Kind::KeyReused,
            fields.into_iter().map(|field| FieldError { field, message: "differs".into() }).collect(),
        )),
        Outcome::Refused(refusal) => Err(refuse(refusal)),
    }
}

fn response(answer: Answer, replayed: bool) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if replayed {
        response.insert_header(("Idempotency-Replayed", "true"));
    }
    response.body(answer.body)
}
