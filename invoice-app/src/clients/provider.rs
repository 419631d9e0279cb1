//! The payment provider: one signed request per batch, over a connection that proves who both ends are.

use std::ops::Range;

use contracts::capture::{Captures, TOTALS_PATH, Total, Totals};
use contracts::charge::{CHARGES_PATH, ChargeBatch, ChargeItem, ChargeResult, ChargeResults, HEALTH_PATH};
use contracts::problem::{BUSY, Document};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use service::Clock;
use service::clock::{Micros, SECOND};
use service::reload::Reloaded;

use super::caller::Caller;

/// The answer to one question of the whole client: may I ask again, and what does that prove?
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Turned away before anything was tried.
    #[error("the payment provider turned the request away: {why}")]
    NotAttempted {
        /// How long to stay away.
        wait: Micros,
        /// For the log.
        why: String,
    },
    /// Refused as it is: asking again with the same content is of no use.
    #[error("the payment provider cannot read the request: {0}")]
    Unreadable(String),
    /// It may or may not have been carried out: ask again with the same keys.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
}

/// Longest answer, in bytes.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// A client of the payment provider.
pub struct Provider {
    caller: Reloaded<Caller>,
    base: String,
    clock: Clock,
}

impl Provider {
    /// A client for `base` (scheme, host and port), which is who `caller` says at each request.
    #[must_use]
    pub fn new(base: &str, caller: Reloaded<Caller>, clock: Clock) -> Self {
        Self { caller, base: base.trim_end_matches('/').to_owned(), clock }
    }

    /// Asks for a batch of charges; as many results as items, in their order.
    pub async fn charge(&self, items: Vec<ChargeItem>) -> Result<Vec<ChargeResult>, CallError> {
        let batch = ChargeBatch { items };
        let body = serde_json::to_vec(&batch).map_err(|e| CallError::Unreadable(e.to_string()))?;
        let response = self.send(Method::POST, CHARGES_PATH, body).await?;
        let body = answer(response).await?;
        let answer: ChargeResults =
            serde_json::from_slice(&body).map_err(|e| CallError::Unknown(e.to_string()))?;
        let fits = answer.results.len() == batch.items.len()
            && answer.results.iter().zip(&batch.items).all(|(result, item)| result.key == item.key);
        if fits {
            Ok(answer.results)
        } else {
            Err(CallError::Unknown("the results belong to other items".into()))
        }
    }

    /// What it captured for us within a window of time, per currency, in the order of their codes.
    pub async fn totals(&self, window: Range<Micros>) -> Result<Vec<Total>, CallError> {
        let path = format!("{TOTALS_PATH}?from={}&to={}", window.start, window.end);
        let response = self.send(Method::GET, &path, Vec::new()).await?;
        let totals: Totals = serde_json::from_slice(&answer(response).await?)
            .map_err(|e| CallError::Unknown(e.to_string()))?;
        Ok(totals.totals)
    }

    /// The next captures that it made for us, all or within a window of time, in the order in which it made them.
    pub async fn captures(
        &self,
        window: Option<Range<Micros>>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Captures, CallError> {
        let path = captures_path(window, cursor, limit);
        let response = self.send(Method::GET, &path, Vec::new()).await?;
        serde_json::from_slice(&answer(response).await?).map_err(|e| CallError::Unknown(e.to_string()))
    }

    /// Whether the provider answers us.
    pub async fn is_healthy(&self) -> Result<(), CallError> {
        self.send(Method::GET, HEALTH_PATH, Vec::new()).await.map(|_| ())
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Response, CallError> {
        // Once: certificate and key belong together, and either may be replaced meanwhile.
        let caller = self.caller.get();
        let token = caller.signer.sign(method.as_str(), path, &body, self.clock.seconds());
        let token = token.map_err(|e| CallError::NotAttempted { wait: SECOND, why: e.to_string() })?;
        let request = caller
            .http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(token)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        let response = request.send().await.map_err(|e| CallError::Unknown(chain(&e)))?;
        if response.status() == StatusCode::OK { Ok(response) } else { Err(refused(response).await) }
    }
}

/// Where a page of captures is.
fn captures_path(window: Option<Range<Micros>>, cursor: Option<&str>, limit: i64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("limit", &limit.to_string());
    if let Some(window) = window {
        query.append_pair("captured_from", &window.start.to_string());
        query.append_pair("captured_to", &window.end.to_string());
    }
    if let Some(cursor) = cursor {
        query.append_pair("cursor", cursor);
    }
    format!("{CHARGES_PATH}?{}", query.finish())
}

/// The body of an answer, as long as a page of 1,000 results can be: whoever is there does not fill our memory.
async fn answer(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| CallError::Unknown(chain(&e)))? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(CallError::Unknown(format!("the answer is longer than {LONGEST_ANSWER} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What an answer other than 200 proves. A 503 proves nothing unless the provider itself says `busy`: a proxy on the
/// way says 503 also when the connection broke after the request was carried out.
async fn refused(response: Response) -> CallError {
    let status = response.status();
    let wait = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse::<i64>().ok());
    let wait = wait.unwrap_or(1).clamp(1, 3_600) * SECOND;
    let body = answer(response).await.unwrap_or_default();
    let problem: Option<Document> = serde_json::from_slice(&body).ok();
    let why = format!("{status} {}", problem.as_ref().map_or("", |problem| &problem.kind));
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            CallError::NotAttempted { wait, why }
        }
        StatusCode::SERVICE_UNAVAILABLE if problem.is_some_and(|problem| problem.kind == BUSY) => {
            CallError::NotAttempted { wait, why }
        }
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            CallError::Unreadable(why)
        }
        _ => CallError::Unknown(why),
    }
}

/// reqwest's own message leaves out the cause.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
