//! Our own payment provider: one signed request per batch, over a connection that proves who both ends are.

use std::ops::Range;

use contracts::capture::{Captures, TOTALS_PATH, Total, Totals};
use contracts::charge::{CHARGES_PATH, ChargeBatch, ChargeResults, HEALTH_PATH};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode};
use service::Clock;
use service::clock::{Micros, SECOND};
use service::metrics::Calls;
use service::reload::Reloaded;

use super::answer::{CallError, answer, no_answer, not_understood, refused, status};
use super::caller::Caller;
use crate::domain::settle::{OpenCharge, Outcome};

/// A client of the batch API.
pub struct Batch {
    caller: Reloaded<Caller>,
    base: String,
    clock: Clock,
    calls: Calls,
}

impl Batch {
    /// A client for `base` (scheme, host and port), which is who `caller` says at each request.
    pub(super) fn new(base: String, caller: Reloaded<Caller>, clock: Clock, calls: Calls) -> Self {
        Self { caller, base, clock, calls }
    }

    /// Asks for a batch of charges; as many verdicts as charges, in their order, or an error about all of them.
    pub(super) async fn charge(&self, charges: &[OpenCharge]) -> Result<Vec<Outcome>, CallError> {
        let batch = ChargeBatch { items: charges.iter().map(OpenCharge::item).collect() };
        let body = serde_json::to_vec(&batch).map_err(|e| CallError::Unreadable(e.to_string()))?;
        let response = self.send(Method::POST, CHARGES_PATH, body).await?;
        let body = answer(response).await?;
        let answer: ChargeResults = serde_json::from_slice(&body).map_err(|e| not_understood(&e))?;
        let fits = answer.results.len() == batch.items.len()
            && answer.results.iter().zip(&batch.items).all(|(result, item)| result.key == item.key);
        if fits {
            Ok(answer.results.into_iter().map(|one| Outcome::Verdict(one.verdict, one.captured_at)).collect())
        } else {
            Err(CallError::Unknown("the results belong to other items".into()))
        }
    }

    /// What it captured for us within a window of time, per currency, in the order of their codes.
    pub(super) async fn totals(&self, window: Range<Micros>) -> Result<Vec<Total>, CallError> {
        let path = format!("{TOTALS_PATH}?from={}&to={}", window.start, window.end);
        let response = self.send(Method::GET, &path, Vec::new()).await?;
        let totals: Totals =
            serde_json::from_slice(&answer(response).await?).map_err(|e| not_understood(&e))?;
        Ok(totals.totals)
    }

    /// The next captures that it made for us, all or within a window of time, in the order in which it made them.
    pub(super) async fn captures(
        &self,
        window: Option<Range<Micros>>,
        cursor: Option<&str>,
        limit: i64,
    ) -> Result<Captures, CallError> {
        let path = captures_path(window, cursor, limit);
        let response = self.send(Method::GET, &path, Vec::new()).await?;
        serde_json::from_slice(&answer(response).await?).map_err(|e| not_understood(&e))
    }

    /// Whether the provider answers us.
    pub(super) async fn is_healthy(&self) -> Result<(), CallError> {
        self.send(Method::GET, HEALTH_PATH, Vec::new()).await.map(|_| ())
    }

    async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Response, CallError> {
        let response = self.ask(method, path, body).await?;
        if response.status() == StatusCode::OK { Ok(response) } else { Err(refused(response).await) }
    }

    /// Asks one question; whatever is answered is an answer.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Response, CallError> {
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
        let sent = self.calls.measure(service::trace::send(request), status);
        sent.await.map_err(|e| no_answer(&e))
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
