//! Telling other services what happened, and hearing it from them: nothing that was committed is lost, nothing is
//! applied twice, and what is late does not undo what came after it. The README has the tables.

pub mod app;
mod apply;
mod away;
pub mod broker;
pub mod consumer;
pub mod held;
pub mod inbox;
mod judge;
mod lease;
mod meters;
pub mod outbox;
pub mod push;
pub mod receive;
pub mod relay;
mod schema;
mod sender;
pub mod settings;
pub mod transport;
pub mod wait;

pub use app::{Events, Parts};
pub use consumer::{Consumed, Consumer, Nobody};
pub use meters::Meters;
pub use outbox::NewEvent;
pub use relay::Relay;
pub use settings::EventSettings;
