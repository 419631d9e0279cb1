//! Events to the broker: persistent, confirmed, and returned when nobody has a queue for them.

use contracts::event::{Kind, MAX_BYTES, MEDIA_TYPE};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::Mutex;

use super::access::Access;
use super::connect::{connect, in_time, unreachable};
use super::{EXCHANGE, RECEIVER, queue};
use crate::consumer::Consumed;
use crate::meters::Meters;
use crate::transport::{Outgoing, Unreachable};

/// Written to disk before it is confirmed.
const PERSISTENT: u8 = 2;

/// Tells a broker.
pub struct Publisher {
    access: Access,
    receivers: [String; 1],
    meters: Meters,
    /// Held while a batch is told; none: to be opened.
    line: Mutex<Option<Line>>,
}

struct Line {
    channel: Channel,
    /// Closes when dropped.
    _connection: Connection,
}

impl Publisher {
    /// Connects with the first event.
    #[must_use]
    pub fn new(access: Access, meters: Meters) -> Self {
        Self { access, receivers: [RECEIVER.to_owned()], meters, line: Mutex::new(None) }
    }

    /// The broker alone.
    #[must_use]
    pub fn receivers(&self) -> &[String] {
        &self.receivers
    }

    /// Tells the broker; what it confirmed is in the queue of everybody who subscribes.
    pub async fn deliver(&self, events: &[Outgoing]) -> Result<Vec<Consumed>, Unreachable> {
        let mut place = self.line.lock().await;
        let line = match place.take() {
            Some(line) if line.channel.status().connected() => line,
            _ => in_time(self.open()).await.inspect_err(|_| self.meters.broker("publish", false))?,
        };
        let told = in_time(tell(&line.channel, self.access.user(), events)).await;
        self.meters.broker("publish", told.is_ok());
        if told.is_ok() {
            *place = Some(line);
        }
        told
    }

    async fn open(&self) -> Result<Line, Unreachable> {
        let connection = connect(&self.access).await?;
        let channel = connection.create_channel().await.map_err(unreachable)?;
        for service in subscribers(self.access.user()) {
            let looking = channel.queue_declare(
                queue(service).into(),
                QueueDeclareOptions::durable().passive(),
                FieldTable::default(),
            );
            looking.await.map_err(|e| missing(service, &e))?;
        }
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(unreachable)?;
        Ok(Line { channel, _connection: connection })
    }
}

/// Everybody must have a queue before anybody is told: a message that found one queue of two would not come back.
fn missing(service: &str, error: &lapin::Error) -> Unreachable {
    Unreachable(format!("{} is not there ({error}): import topology.json into the broker", queue(service)))
}

fn subscribers(sender: &str) -> Vec<&'static str> {
    let ours = Kind::ALL.iter().filter(|kind| kind.sender() == sender);
    let mut names: Vec<&str> = ours.flat_map(|kind| kind.receivers().iter().copied()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// All are sent before the first confirm is waited for.
async fn tell(channel: &Channel, user: &str, events: &[Outgoing]) -> Result<Vec<Consumed>, Unreachable> {
    let mut confirms = Vec::with_capacity(events.len());
    for event in events {
        if event.json.len() > MAX_BYTES {
            confirms.push(None);
            continue;
        }
        let sent = channel.basic_publish(
            EXCHANGE.into(),
            event.kind.as_str().into(),
            BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() },
            event.json.as_bytes(),
            properties(user, event),
        );
        confirms.push(Some(sent.await.map_err(unreachable)?));
    }
    let mut all = Vec::with_capacity(confirms.len());
    for confirm in confirms {
        all.push(match confirm {
            Some(confirm) => judge(confirm.await.map_err(unreachable)?)?,
            None => Consumed::Refused(format!("it is larger than {MAX_BYTES} bytes")),
        });
    }
    Ok(all)
}

/// What the broker returned is in no queue, although it says that it took it. A binding that is missing is an
/// operator's mistake, and what waited for it is told once it is there.
fn judge(confirmation: Confirmation) -> Result<Consumed, Unreachable> {
    match confirmation {
        Confirmation::Ack(None) => Ok(Consumed::Done),
        Confirmation::Ack(Some(back)) | Confirmation::Nack(Some(back)) => {
            Ok(Consumed::Later(format!("unroutable: the broker says {}", back.reply_text)))
        }
        Confirmation::Nack(None) => Ok(Consumed::Later("the broker could not keep it".into())),
        Confirmation::NotRequested => Err(Unreachable("the broker confirms nothing".into())),
    }
}

/// The broker refuses a message whose `user_id` is not who we are to it, so receivers can go by that.
fn properties(user: &str, event: &Outgoing) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type(MEDIA_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(event.id.as_str().into())
        .with_type(event.kind.as_str().into())
        .with_user_id(user.into());
    match &event.traceparent {
        Some(parent) => properties.with_headers(caused_by(parent)),
        None => properties,
    }
}

/// The headers of a message that has a trace context.
pub(super) fn caused_by(traceparent: &str) -> FieldTable {
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString(LongString::from(traceparent)));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_who_subscribes_to_anything_of_ours_is_looked_for_once() {
        assert_eq!(subscribers("users"), ["invoice-app", "notifications"]);
        assert_eq!(subscribers("invoice-app"), ["notifications", "orders"]);
        assert!(subscribers("notifications").is_empty());
    }

    #[test]
    fn a_message_says_who_sends_it_and_what_caused_it() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let (id, kind, json) = ("i".into(), "order.placed.v1".into(), "{}".into());
        let event = Outgoing { id, kind, json, traceparent: Some(parent.into()) };
        let said = properties("orders", &event);
        assert_eq!(said.user_id().as_ref().map(|user| user.as_str()), Some("orders"));
        assert_eq!(said.delivery_mode(), &Some(PERSISTENT));
        let headers = said.headers().as_ref().unwrap().inner();
        assert_eq!(headers["traceparent"], AMQPValue::LongString(parent.into()));
    }
}
