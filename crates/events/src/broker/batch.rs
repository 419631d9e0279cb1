//! What came from the broker, read, applied and, where it was not taken, held.

use contracts::event::{Event, Kind, MEDIA_TYPE, is_uuid};
use lapin::message::Delivery;
use service::clock::Micros;

use crate::consumer::Consumed;
use crate::held::Held;
use crate::judge;

/// Who takes what nobody may apply: such events are parked for good.
const NOBODY: &str = "nobody";

/// A message, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub json: String,
    /// Whom the broker vouches for.
    pub sender: String,
    pub media_type: String,
}

impl From<&Delivery> for Message {
    fn from(delivery: &Delivery) -> Self {
        let text = |value: &Option<lapin::types::ShortString>| {
            value.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default()
        };
        Self {
            json: String::from_utf8_lossy(&delivery.data).into_owned(),
            sender: text(delivery.properties.user_id()),
            media_type: text(delivery.properties.content_type()),
        }
    }
}

impl Message {
    pub(super) fn read(&self, kinds: &[Kind]) -> Result<Event, String> {
        if self.media_type != MEDIA_TYPE {
            return Err(format!("it is no {MEDIA_TYPE}"));
        }
        if self.sender.is_empty() {
            return Err("the broker does not say who sends it".into());
        }
        judge::read(&self.json, &self.sender, kinds)
    }
}

/// The row of what was not taken. What is no event for us belongs to nobody, so that no replay ever applies what its
/// sender may not send.
pub(super) fn row(
    name: &str,
    (message, read): (&Message, &Result<Event, String>),
    consumed: &Consumed,
    now: Micros,
) -> Option<Held> {
    match read {
        Ok(event) => Held::after(name, (&event.id, event.kind.name()), &message.json, consumed, now),
        Err(_) => {
            let (id, kind) = judge::claimed(&message.json);
            let id = if is_uuid(&id) { id } else { service::id::uuid(now) };
            Held::after(NOBODY, (&id, &kind), &message.json, consumed, now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "01938a1e-0000-7000-8000-000000000001";

    fn message(sender: &str) -> Message {
        let json = format!(
            r#"{{"specversion":"1.0","id":"{ORDER}","source":"/orders","type":"order.placed.v1","subject":"{ORDER}",
                "time":"2026-12-01T05:00:00Z","subjectversion":1,"data":{{"order":"{ORDER}","user":"{ORDER}",
                "amount":{{"value":10.50,"currency":"EUR"}},"description":"","state":"PLACED"}}}}"#
        );
        Message { json, sender: sender.into(), media_type: MEDIA_TYPE.into() }
    }

    #[test]
    fn an_event_is_taken_from_its_one_sender_only_and_the_broker_says_who_that_is() {
        let kinds = [Kind::OrderPlaced];
        let read = |message: Message| message.read(&kinds);
        assert_eq!(read(message("orders")).map(|event| event.kind), Ok(Kind::OrderPlaced));
        assert!(read(message("users")).unwrap_err().contains("not for users to send"));
        assert!(read(message("")).unwrap_err().contains("does not say who"));
        let foreign = Message { media_type: "application/json".into(), ..message("orders") };
        assert!(read(foreign).is_err());
        assert!(message("orders").read(&[Kind::UserRegistered]).is_err());
    }

    #[test]
    fn what_may_not_be_applied_is_parked_where_no_replay_finds_it() {
        let forged = message("users");
        let read = forged.read(&[Kind::OrderPlaced]);
        let refused = Consumed::Refused("no".into());
        let row = super::row("invoice-app", (&forged, &read), &refused, 7).unwrap();
        assert_eq!((row.receiver.as_str(), row.id.as_str(), row.next_at), (NOBODY, ORDER, None));
        let noise = Message { json: "noise".into(), ..message("orders") };
        let row = super::row("invoice-app", (&noise, &noise.read(&[])), &refused, 7).unwrap();
        assert!(row.receiver == NOBODY && is_uuid(&row.id));
        let good = message("orders");
        let read = good.read(&[Kind::OrderPlaced]);
        let row = super::row("invoice-app", (&good, &read), &Consumed::Later("not yet".into()), 7).unwrap();
        assert!(row.receiver == "invoice-app" && row.next_at > Some(7));
        assert_eq!(super::row("invoice-app", (&good, &read), &Consumed::Done, 7), None);
    }
}
