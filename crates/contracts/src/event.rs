//! Events between the services: CloudEvents 1.0 (<https://github.com/cloudevents/spec>) in JSON. Each tells the whole
//! state of its subject, so whoever misses an older one misses nothing.

mod data;
mod kind;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

pub use data::{Data, Invoice, Order, OrderState, UserRegistered};
pub use kind::{Kind, UnknownKind};

/// Path on which events are received.
pub const EVENTS_PATH: &str = "/internal/events";
/// Media type of a batch: a JSON array of [`Envelope`]s.
pub const BATCH_MEDIA_TYPE: &str = "application/cloudevents-batch+json";
/// Media type of one [`Envelope`].
pub const MEDIA_TYPE: &str = "application/cloudevents+json";
/// Most events in one batch.
pub const MAX_EVENTS: usize = 500;
/// Largest batch, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

const SPEC_VERSION: &str = "1.0";
const CONTENT_TYPE: &str = "application/json";

/// An event as it travels. Attributes that are not known here are left aside, as the specification asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// `1.0`.
    pub specversion: String,
    /// UUIDv7.
    pub id: String,
    /// `/` and the name of the sending service.
    pub source: String,
    /// Such as `invoice.paid.v1`.
    #[serde(rename = "type")]
    pub kind: String,
    /// UUID of the user, order or invoice.
    pub subject: String,
    /// When it happened.
    pub time: Timestamp,
    /// `application/json`, which is also what its absence means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datacontenttype: Option<String>,
    /// Grows with each event of the subject.
    pub subjectversion: i64,
    /// W3C trace context of what caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// What happened, in the form of its type.
    pub data: Box<RawValue>,
}

/// An event that was read and found to be in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// UUIDv7.
    pub id: String,
    /// What happened.
    pub kind: Kind,
    /// UUID of the user, order or invoice.
    pub subject: String,
    /// Grows with each event of the subject.
    pub version: i64,
    /// When it happened.
    pub time: Timestamp,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
    /// The subject as it stands since.
    pub data: Data,
}

/// Why an envelope is no event of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The envelope, or the data, has not the form that it must have.
    #[error("{0}")]
    Form(String),
    /// Nobody here knows this type.
    #[error(transparent)]
    Kind(#[from] UnknownKind),
    /// An attribute says something that it cannot.
    #[error("{0} cannot be {1:?}")]
    Attribute(&'static str, String),
}

impl Event {
    /// Reads one envelope.
    ///
    /// # Errors
    /// When it is none, of an unknown type, or its data are not of that type or about another subject.
    pub fn parse(json: &str) -> Result<Self, Unreadable> {
        let envelope: Envelope = serde_json::from_str(json).map_err(|e| Unreadable::Form(e.to_string()))?;
        envelope.try_into()
    }

    /// `/` and the name of the service that sends such events.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.kind.source()
    }
}

impl TryFrom<Envelope> for Event {
    type Error = Unreadable;

    fn try_from(envelope: Envelope) -> Result<Self, Unreadable> {
        let Envelope { specversion, id, source, kind, subject, time, subjectversion, traceparent, .. } =
            envelope;
        let kind: Kind = kind.parse()?;
        let content_type = envelope.datacontenttype.unwrap_or_else(|| CONTENT_TYPE.into());
        let good = |good: bool, name: &'static str, value: &str| {
            if good { Ok(()) } else { Err(Unreadable::Attribute(name, value.chars().take(80).collect())) }
        };
        good(specversion == SPEC_VERSION, "specversion", &specversion)?;
        good(source == kind.source(), "source", &source)?;
        good(content_type == CONTENT_TYPE, "datacontenttype", &content_type)?;
        good(is_uuid(&id), "id", &id)?;
        good(subjectversion > 0, "subjectversion", &subjectversion.to_string())?;
        let data =
            Data::parse(kind, envelope.data.get()).map_err(|e| Unreadable::Form(format!("data: {e}")))?;
        good(is_uuid(&subject) && data.subject() == subject, "subject", &subject)?;
        let traceparent = traceparent.filter(|parent| parent.len() <= 100);
        Ok(Self { id, kind, subject, version: subjectversion, time, traceparent, data })
    }
}

impl Envelope {
    /// An event of ours about to travel; `data` is JSON of its type.
    ///
    /// # Errors
    /// When `data` is no JSON.
    pub fn new(
        (id, kind): (String, Kind),
        (subject, version): (String, i64),
        time: Timestamp,
        traceparent: Option<String>,
        data: String,
    ) -> Result<Self, Unreadable> {
        Ok(Self {
            specversion: SPEC_VERSION.into(),
            id,
            source: kind.source().into(),
            kind: kind.name().into(),
            subject,
            time,
            datacontenttype: Some(CONTENT_TYPE.into()),
            subjectversion: version,
            traceparent,
            data: RawValue::from_string(data).map_err(|e| Unreadable::Form(format!("data: {e}")))?,
        })
    }
}

/// What a receiver answers to a batch: one result per event, in the order of the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// As many as there were events.
    pub results: Vec<Received>,
}

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Received {
    /// The event's id; empty where it had none.
    pub id: String,
    /// What the sender has to do.
    pub outcome: Outcome,
    /// Why it was not taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the sender of an event has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing: it was applied, now or before, or a newer one was.
    Done,
    /// Send it again after a while: something that it needs is not there yet.
    Later,
    /// Set it aside: it will not be taken as it is.
    Refused,
}

/// Whether a text is a UUID in lower case, which is how they stand in our databases.
#[must_use]
pub fn is_uuid(text: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let good = |(at, b): (usize, u8)| if [8, 13, 18, 23].contains(&at) { b == b'-' } else { hex(b) };
    text.len() == 36 && text.bytes().enumerate().all(good)
}

#[cfg(test)]
#[path = "event/tests.rs"]
mod tests;
