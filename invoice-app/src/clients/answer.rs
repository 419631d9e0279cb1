//! What an answer of a provider proves, and how much of one is read.

use contracts::problem::{BUSY, Document};
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use service::clock::{Micros, SECOND};

use crate::domain::settle::Outcome;

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

impl CallError {
    /// What it makes of each charge in the request.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NotAttempted { wait, .. } => Outcome::NotAttempted(*wait),
            Self::Unreadable(_) => Outcome::Unreadable,
            Self::Unknown(_) => Outcome::Unknown,
        }
    }
}

/// The HTTP status, if there is an answer.
pub(super) fn status(answer: &Result<Response, reqwest::Error>) -> Option<u16> {
    answer.as_ref().ok().map(|answer| answer.status().as_u16())
}

/// Longest answer, in bytes.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// The body of an answer, as long as a page of 1,000 results can be: whoever is there does not fill our memory.
pub(super) async fn answer(mut response: Response) -> Result<Vec<u8>, CallError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| no_answer(&e))? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(CallError::Unknown(format!("the answer is longer than {LONGEST_ANSWER} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What an answer other than 200 proves. A 503 proves nothing unless the provider itself says `busy`: a proxy on the
/// way says 503 also when the connection broke after the request was carried out.
pub(super) async fn refused(response: Response) -> CallError {
    let status = response.status();
    let wait = response.headers().get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse::<i64>().ok());
    let wait = wait.unwrap_or(1).clamp(1, 3_600) * SECOND;
    let body = answer(response).await.unwrap_or_default();
    let problem = problem(&body);
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

/// The problem document that a body is, if it is one.
pub(super) fn problem(body: &[u8]) -> Option<Document> {
    serde_json::from_slice(body).ok()
}

/// The request broke off: whether it arrived is not known.
pub(super) fn no_answer(error: &reqwest::Error) -> CallError {
    CallError::Unknown(chain(error))
}

/// The answer is none that this question has.
pub(super) fn not_understood(error: &serde_json::Error) -> CallError {
    CallError::Unknown(error.to_string())
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
