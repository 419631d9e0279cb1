//! The older charge paths, one charge per request, with their own answers. Without an `Idempotency-Key` a repeated
//! request of `/pp/rest/v1/charge` is a second charge: it names no invoice.

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderName;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use contracts::charge::{ChargeItem, Method, Verdict};
use contracts::{Currency, Money};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use service::extract;

use super::state::State;
use crate::domain::charge::{Asked, Decision, fault};
use crate::store::captures::COMPAT;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// An answer in these paths' own form: `{"error": "..."}`.
#[derive(Debug)]
pub struct Refused(StatusCode, String);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        self.0
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.0).json(json!({"error": self.1}))
    }
}

fn bad(sentence: impl Into<String>) -> Refused {
    Refused(StatusCode::BAD_REQUEST, sentence.into())
}

#[derive(Deserialize)]
struct Charge {
    currency: Currency,
    value: Box<RawValue>,
    customer_id: i64,
}

/// `POST /pp/rest/v1/charge`: `{"result": true|false}`.
pub async fn charge(
    state: web::Data<State>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refused> {
    let body = read(&req, payload).await?;
    let charge: Charge = extract::parse(&body).map_err(named)?;
    let money = Money::parse(charge.value.get(), charge.currency).map_err(|e| bad(format!("value: {e}")))?;
    let given = req.headers().get(KEY).map(|key| key.to_str().unwrap_or_default().to_owned());
    let key = format!("compat:{}", given.unwrap_or_else(|| service::id::uuid(state.clock.now())));
    let item = item(key.clone(), key, format!("compat:{}", charge.customer_id), money)?;
    let asked = state.acquirer.authorize(vec![item]).await.map_err(|down| named(down.into()))?;
    match judge(&state, asked).await? {
        Verdict::Captured => Ok(HttpResponse::Ok().json(json!({"result": true}))),
        Verdict::Conflict { fields } => Err(reused(&fields)),
        _ => Ok(HttpResponse::Ok().json(json!({"result": false}))),
    }
}

#[derive(Deserialize)]
struct Pay {
    id: Option<String>,
    value: Option<Box<RawValue>>,
    currency: Option<String>,
}

/// `POST /payments/pay`: always captured, once per `id`; `{"id": "I1"}`.
pub async fn pay(
    state: web::Data<State>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refused> {
    let body = read(&req, payload).await?;
    if body.is_empty() {
        return Err(bad("empty body request"));
    }
    let pay: Pay = extract::parse(&body).map_err(|_| bad("failed to process payment request parameters"))?;
    let id = pay.id.filter(|id| !id.is_empty()).ok_or_else(|| bad("could not retrieve payment id"))?;
    let value = pay.value.ok_or_else(|| bad("could not retrieve payment value"))?;
    let currency = pay.currency.and_then(|code| code.parse().ok());
    let currency = currency.ok_or_else(|| bad("could not retrieve payment currency"))?;
    let money = Money::parse(value.get(), currency).map_err(|_| bad("could not retrieve payment value"))?;
    let invoice = format!("compat:{id}");
    let item = item(format!("{invoice}:1"), invoice, "compat:unknown".into(), money)?;
    match judge(&state, vec![Asked { item, decision: Some(Decision::Approved) }]).await? {
        Verdict::Conflict { fields } => Err(reused(&fields)),
        _ => Ok(HttpResponse::Ok().json(json!({"id": id}))),
    }
}

async fn read(req: &HttpRequest, payload: web::Payload) -> Result<bytes::BytesMut, Refused> {
    extract::body(req, payload.into_inner(), extract::BODY_LIMIT).await.map_err(named)
}

/// A problem in these paths' own form, still naming the field.
fn named(problem: service::Problem) -> Refused {
    let status = match problem.status_code() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        other => other,
    };
    let fields = problem.errors.iter().map(|error| format!("{}: {}", error.field, error.message));
    let sentence = fields.chain(problem.detail.clone()).collect::<Vec<_>>().join("; ");
    Refused(status, sentence)
}

fn reused(fields: &[String]) -> Refused {
    let sentence = format!("this key was used before with another {}", fields.join(", "));
    Refused(StatusCode::UNPROCESSABLE_ENTITY, sentence)
}

fn item(key: String, invoice: String, customer: String, money: Money) -> Result<ChargeItem, Refused> {
    let item = ChargeItem {
        key,
        invoice,
        customer,
        amount: money.minor,
        currency: money.currency,
        method: Method::Card,
    };
    match fault(&item) {
        Some(_) if money.minor <= 0 => Err(bad("value: give more than zero")),
        Some(fault) => Err(bad(fault)),
        None => Ok(item),
    }
}

async fn judge(state: &State, asked: Vec<Asked>) -> Result<Verdict, Refused> {
    let results = state.charge(asked, COMPAT).await.map_err(named)?;
    let first = results.results.into_iter().next();
    first
        .map(|result| result.verdict)
        .ok_or_else(|| Refused(StatusCode::INTERNAL_SERVER_ERROR, "no verdict".into()))
}
