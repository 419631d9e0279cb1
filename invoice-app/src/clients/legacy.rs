//! A provider that knows no batches: one request per charge, in one of two forms. It signs nothing and lists nothing;
//! only where it honours an `Idempotency-Key` may a charge be repeated safely.

use contracts::charge::{HEALTH_PATH, Verdict};
use contracts::{Currency, Decimal};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, Serialize};
use service::metrics::Calls;
use service::reload::Reloaded;
use service::trace;

use super::answer::{CallError, answer, no_answer, not_understood, problem, refused, status};
use super::caller::LegacyCaller;
use crate::domain::settle::{OpenCharge, Outcome};

/// Why there are no captures and no totals.
const LISTS_NOTHING: &str = "a legacy provider lists nothing: ask whoever runs it what was captured";

/// The paths that legacy providers have; each means a form of request and answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyPath {
    /// `/`: names the customer, answers `{"result": true}` or `false`.
    Root,
    /// `/pp/rest/v1/charge`: the same.
    Charge,
    /// `/payments/pay`: names the invoice, answers with its id.
    Pay,
}

impl LegacyPath {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Root, Self::Charge, Self::Pay];

    /// The path as it stands in the URL.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "/",
            Self::Charge => "/pp/rest/v1/charge",
            Self::Pay => "/payments/pay",
        }
    }
}

/// A client of a legacy provider.
pub struct Legacy {
    caller: Reloaded<LegacyCaller>,
    base: String,
    path: LegacyPath,
    calls: Calls,
}

#[derive(Serialize)]
struct ByCustomer {
    currency: Currency,
    value: Decimal,
    customer_id: i64,
}

#[derive(Deserialize)]
struct Judged {
    result: bool,
}

#[derive(Serialize)]
struct ByInvoice {
    id: String,
    value: Decimal,
    currency: Currency,
}

#[derive(Deserialize)]
struct Paid {
    id: String,
}

impl Legacy {
    /// A client for `path` at `base` (scheme, host and port).
    pub(super) fn new(base: String, path: LegacyPath, caller: Reloaded<LegacyCaller>, calls: Calls) -> Self {
        Self { caller, base, path, calls }
    }

    /// Asks for one charge after the other. Each has an outcome of its own, whatever became of the others.
    pub(super) async fn charge(&self, charges: &[OpenCharge]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(charges.len());
        for charge in charges {
            outcomes.push(match self.charge_one(charge).await {
                Ok(verdict) => Outcome::Verdict(verdict, None),
                Err(error) => {
                    tracing::warn!(%error, invoice = charge.invoice_id, "charge request failed");
                    error.outcome()
                }
            });
        }
        outcomes
    }

    /// It has neither list nor sums: always an error.
    pub(super) fn lists_nothing<T>() -> Result<T, CallError> {
        Err(CallError::Unreadable(LISTS_NOTHING.into()))
    }

    /// Whether its health path answers 200.
    pub(super) async fn is_healthy(&self) -> Result<(), CallError> {
        let response = self.send(self.request(Method::GET, HEALTH_PATH)).await?;
        if response.status() == StatusCode::OK { Ok(()) } else { Err(refused(response).await) }
    }

    async fn charge_one(&self, charge: &OpenCharge) -> Result<Verdict, CallError> {
        let body = self.body(charge).map_err(|e| CallError::Unreadable(e.to_string()))?;
        let request = self.request(Method::POST, self.path.as_str());
        let request =
            request.header(CONTENT_TYPE, "application/json").header("Idempotency-Key", charge.key());
        let response = self.send(request.body(body)).await?;
        match response.status() {
            StatusCode::OK => self.verdict(charge, &answer(response).await?),
            StatusCode::NOT_FOUND => not_found(charge, response).await,
            _ => Err(refused(response).await),
        }
    }

    /// The amount goes out digit by digit as it is kept: no float comes between.
    fn body(&self, charge: &OpenCharge) -> Result<Vec<u8>, serde_json::Error> {
        let value = Decimal(charge.amount);
        let currency = charge.amount.currency;
        match self.path {
            LegacyPath::Root | LegacyPath::Charge => {
                serde_json::to_vec(&ByCustomer { currency, value, customer_id: charge.customer_id })
            }
            LegacyPath::Pay => serde_json::to_vec(&ByInvoice { id: shown(charge), value, currency }),
        }
    }

    fn verdict(&self, charge: &OpenCharge, body: &[u8]) -> Result<Verdict, CallError> {
        match self.path {
            LegacyPath::Root | LegacyPath::Charge => {
                let judged: Judged = serde_json::from_slice(body).map_err(|e| not_understood(&e))?;
                let declined = Verdict::Declined { code: "declined".into() };
                Ok(if judged.result { Verdict::Captured } else { declined })
            }
            LegacyPath::Pay => {
                let paid: Paid = serde_json::from_slice(body).map_err(|e| not_understood(&e))?;
                let other = || CallError::Unknown("the answer is about another invoice".into());
                (paid.id == shown(charge)).then_some(Verdict::Captured).ok_or_else(other)
            }
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, CallError> {
        self.calls.measure(trace::send(request), status).await.map_err(|e| no_answer(&e))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let caller = self.caller.get();
        let request = caller.http.request(method, format!("{}{path}", self.base));
        if let Some(key) = &caller.key { request.header("X-API-Key", key) } else { request }
    }
}

/// The invoice's number as these clients know it.
fn shown(charge: &OpenCharge) -> String {
    format!("I{}", charge.invoice_id)
}

/// 404 is the contract's word for a customer that nobody knows. It proves nothing about an earlier request with this
/// key; and a problem document says that the path is not there, as our own batch API does at `/`.
async fn not_found(charge: &OpenCharge, response: Response) -> Result<Verdict, CallError> {
    let body = answer(response).await?;
    if charge.resend || problem(&body).is_some() {
        return Err(CallError::Unknown("404, which may be about the path: look at the endpoint".into()));
    }
    Ok(Verdict::UnknownCustomer)
}
