//! A RabbitMQ between the services, instead of calls from one to the other. What stands there, and who may do what, is
//! in `broker/topology.json`, which an operator imports: a service may create nothing, so none of its events can be
//! told before everybody who subscribes has a queue for it.

mod access;
mod again;
mod batch;
mod connect;
mod hear;
pub mod hints;
mod publish;

pub use access::{Access, QUEUE, SETTINGS, URL, queue_access};
pub use hear::Hearing;
pub use publish::Publisher;

/// Where every event is published, under the name of its type.
pub const EXCHANGE: &str = "antaeus.events";
/// What the broker is called where a receiver is asked for.
pub const RECEIVER: &str = "broker";

/// The queue of a service.
#[must_use]
pub fn queue(service: &str) -> String {
    format!("antaeus.{service}")
}
