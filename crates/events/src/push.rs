//! Events over HTTP: one signed request per batch, over a connection that proves who both ends are.

use std::collections::HashMap;
use std::ops::Range;

use contracts::event::{BATCH_MEDIA_TYPE, EVENTS_PATH, MAX_BYTES, MAX_EVENTS, Receipt};
use contracts::problem::Document;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use service::Clock;
use service::ConfigError;
use service::metrics::{Calls, Metrics};
use service::reload::{Reloaded, Reloads};

use crate::consumer::Consumed;
use crate::sender::Sender;
use crate::settings::Sending;
use crate::transport::{Outgoing, Unreachable};

/// Longest answer, in bytes: a batch of reasons.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// Tells services over HTTP.
pub struct Push {
    names: Vec<String>,
    sender: Reloaded<Sender>,
    clock: Clock,
    calls: HashMap<String, Calls>,
}

impl Push {
    /// Tells those who are to be told; key and certificate are read again when they change.
    pub fn new(
        sending: Sending,
        clock: &Clock,
        reloads: &mut Reloads,
        metrics: &Metrics,
    ) -> Result<Self, ConfigError> {
        let Sending { names, sender } = sending;
        reloads.watch(&sender)?;
        let calls = names.iter().map(|name| Ok((name.clone(), metrics.calls(name)?)));
        let calls: Result<_, prometheus::Error> = calls.collect();
        Ok(Self { names, sender, clock: clock.clone(), calls: calls.map_err(ConfigError::internal)? })
    }

    /// Those who are told.
    #[must_use]
    pub fn receivers(&self) -> &[String] {
        &self.names
    }

    /// Tells one receiver, in as many requests as it takes.
    pub async fn deliver(&self, receiver: &str, events: &[Outgoing]) -> Result<Vec<Consumed>, Unreachable> {
        let mut all = Vec::with_capacity(events.len());
        for part in parts(events) {
            let part = &events[part];
            match part {
                [one] if one.json.len() + 2 > MAX_BYTES => {
                    all.push(Consumed::Refused(format!("it is larger than {MAX_BYTES} bytes")));
                }
                part => match self.send(receiver, part).await {
                    Ok(consumed) => all.extend(consumed),
                    Err(error) if all.is_empty() => return Err(error),
                    // What was taken already is not sent again.
                    Err(Unreachable(why)) => all.resize(events.len(), Consumed::Later(why)),
                },
            }
            if all.len() == events.len() {
                break;
            }
        }
        Ok(all)
    }

    async fn send(&self, receiver: &str, events: &[Outgoing]) -> Result<Vec<Consumed>, Unreachable> {
        let body: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
        let body = format!("[{}]", body.join(",")).into_bytes();
        // Once: certificate and key belong together, and either may be replaced meanwhile.
        let sender = self.sender.get();
        let known = sender.line(receiver).zip(self.calls.get(receiver));
        let (line, calls) = known.ok_or_else(|| Unreachable("it has no address".into()))?;
        let token = line.signer.sign("POST", EVENTS_PATH, &body, self.clock.seconds());
        let token = token.map_err(|e| Unreachable(e.to_string()))?;
        let request = line.http.post(format!("{}{EVENTS_PATH}", line.base)).bearer_auth(token);
        let request = request.header(CONTENT_TYPE, BATCH_MEDIA_TYPE).body(body);
        let status = |answer: &Result<reqwest::Response, _>| Some(answer.as_ref().ok()?.status().as_u16());
        let sent = calls.measure(service::trace::send(request), status);
        let answer = sent.await.map_err(|e| Unreachable(chain(&e)))?;
        let (status, answer) = (answer.status(), read(answer).await?);
        if status != StatusCode::OK {
            // What else it says may be about somebody.
            let problem = serde_json::from_slice::<Document>(&answer).ok();
            let kind = problem.map(|problem| problem.kind).unwrap_or_default();
            return Err(Unreachable(format!("{status} {kind}")));
        }
        let receipt: Receipt = serde_json::from_slice(&answer).map_err(|e| Unreachable(e.to_string()))?;
        let fits = receipt.results.len() == events.len()
            && receipt.results.iter().zip(events).all(|(result, event)| result.id == event.id);
        if !fits {
            return Err(Unreachable("the results belong to other events".into()));
        }
        Ok(receipt.results.into_iter().map(|one| (one.outcome, one.reason).into()).collect())
    }
}

async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, Unreachable> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| Unreachable(chain(&e)))? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(Unreachable(format!("the answer is longer than {LONGEST_ANSWER} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Runs of events that fit in one request each; one that fits in none stands alone.
fn parts(events: &[Outgoing]) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, event) in events.iter().enumerate() {
        let size = event.json.len() + 2;
        match parts.last_mut() {
            Some(part) if part.len() < MAX_EVENTS && bytes + size <= MAX_BYTES => part.end = at + 1,
            _ => {
                parts.push(at..at + 1);
                bytes = 0;
            }
        }
        bytes += size;
    }
    parts
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

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(bytes: usize) -> Outgoing {
        Outgoing { id: String::new(), kind: String::new(), json: "x".repeat(bytes), traceparent: None }
    }

    #[test]
    fn a_request_holds_as_many_events_as_it_may_and_no_more() {
        let of = |sizes: &[usize]| parts(&sizes.iter().map(|size| outgoing(*size)).collect::<Vec<_>>());
        assert!(of(&[]).is_empty());
        assert_eq!(of(&[10, 10]).iter().map(ExactSizeIterator::len).collect::<Vec<_>>(), [2]);
        assert_eq!(of(&[MAX_BYTES / 2, MAX_BYTES / 2, 10]), [0..1, 1..3]);
        assert_eq!(of(&[10, MAX_BYTES, 10]), [0..1, 1..2, 2..3]);
        assert_eq!(of(&vec![1; MAX_EVENTS + 1]), [0..MAX_EVENTS, MAX_EVENTS..MAX_EVENTS + 1]);
    }
}
