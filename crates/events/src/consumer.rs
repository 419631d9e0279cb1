//! What a service does with the events that it hears.

use std::future::Future;

use contracts::event::{Event, Kind, Outcome};
use db::StoreError;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consumed {
    /// It was applied, now or before, or a newer one was.
    Done,
    /// Something that it needs is not there yet, or the database is away: it comes again.
    Later(String),
    /// It will not be taken as it is: a person has to look.
    Refused(String),
}

/// Applies events, each together with its row in the inbox ([`crate::inbox::is_news`]).
pub trait Consumer: Send + Sync + 'static {
    /// The types that it subscribes to; no others are handed to it.
    fn kinds(&self) -> &'static [Kind];

    /// Applies a batch: as many results as events, in their order.
    fn consume(&self, events: Vec<Event>) -> impl Future<Output = Vec<Consumed>> + Send;
}

/// For a service that subscribes to nothing.
pub struct Nobody;

impl Consumer for Nobody {
    fn kinds(&self) -> &'static [Kind] {
        &[]
    }

    async fn consume(&self, events: Vec<Event>) -> Vec<Consumed> {
        events.iter().map(|_| Consumed::Refused("nobody here subscribes to anything".into())).collect()
    }
}

impl Consumed {
    /// What a transaction came to. One that failed changed nothing, so the event may come again.
    #[must_use]
    pub fn of(done: Result<Self, StoreError>) -> Self {
        done.unwrap_or_else(|error| Self::Later(error.to_string()))
    }

    /// What the sender has to do, and why.
    #[must_use]
    pub fn outcome(&self) -> (Outcome, Option<&str>) {
        match self {
            Self::Done => (Outcome::Done, None),
            Self::Later(why) => (Outcome::Later, Some(why)),
            Self::Refused(why) => (Outcome::Refused, Some(why)),
        }
    }

    /// The word for logs and metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Later(_) => "later",
            Self::Refused(_) => "refused",
        }
    }
}

impl From<(Outcome, Option<String>)> for Consumed {
    fn from((outcome, reason): (Outcome, Option<String>)) -> Self {
        let reason = reason.unwrap_or_else(|| "no reason was given".into());
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Later => Self::Later(reason),
            Outcome::Refused => Self::Refused(reason),
        }
    }
}
