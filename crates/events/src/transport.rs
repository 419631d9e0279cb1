//! How events travel.

use contracts::event::Kind;

use crate::broker::{EXCHANGE, Publisher};
use crate::consumer::Consumed;
use crate::push::Push;

/// An event about to travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// UUIDv7.
    pub id: String,
    /// Name of its type.
    pub kind: String,
    /// The whole envelope.
    pub json: String,
    /// W3C trace context of what caused it.
    pub traceparent: Option<String>,
}

/// Nothing is known of what became of the events: they are sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable(pub String);

/// The way out.
pub enum Transport {
    /// To each receiver over HTTP.
    Push(Push),
    /// To a broker, which hands them on to everybody who subscribes.
    Amqp(Box<Publisher>),
}

impl Transport {
    /// Those who are told.
    #[must_use]
    pub fn receivers(&self) -> &[String] {
        match self {
            Self::Push(push) => push.receivers(),
            Self::Amqp(publisher) => publisher.receivers(),
        }
    }

    /// Whether a receiver is told of events of this type.
    #[must_use]
    pub fn wants(&self, receiver: &str, kind: Kind) -> bool {
        match self {
            Self::Push(_) => kind.receivers().contains(&receiver),
            Self::Amqp(_) => true,
        }
    }

    /// Over what a receiver is told, and where.
    #[must_use]
    pub fn place(&self, receiver: &str) -> (&'static str, String) {
        match self {
            Self::Push(_) => ("http", receiver.to_owned()),
            Self::Amqp(_) => ("rabbitmq", EXCHANGE.to_owned()),
        }
    }

    /// What a service tells whom.
    pub fn tells<'a>(&'a self, sender: &'a str) -> impl Iterator<Item = (Kind, String)> + 'a {
        let ours = move || Kind::ALL.into_iter().filter(move |kind| kind.sender() == sender);
        let told =
            move |to: &'a String| ours().filter(|kind| self.wants(to, *kind)).map(|kind| (kind, to.clone()));
        self.receivers().iter().flat_map(told)
    }

    /// Tells one receiver; as many results as events, in their order.
    pub async fn deliver(&self, receiver: &str, events: &[Outgoing]) -> Result<Vec<Consumed>, Unreachable> {
        match self {
            Self::Push(push) => push.deliver(receiver, events).await,
            Self::Amqp(publisher) => publisher.deliver(events).await,
        }
    }
}
