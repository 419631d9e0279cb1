//! Events as they come from other services, and what is written down to be told to them.

use contracts::event::{Envelope, Event, Kind};
use db::Db;
use events::outbox;
use serde_json::{Value, json};

/// An event as it comes in.
pub fn event(kind: Kind, subject: &str, version: i64, data: &Value) -> Event {
    let envelope = json!({
        "specversion": "1.0",
        "id": service::id::uuid(service::Clock::system().now()),
        "source": kind.source(),
        "type": kind.name(),
        "subject": subject,
        "time": "2026-11-21T12:00:00Z",
        "datacontenttype": "application/json",
        "subjectversion": version,
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": data,
    });
    Event::parse(&envelope.to_string()).unwrap()
}

/// The events of a subject that wait to be told: type, version and data; each as docs/events says.
pub fn told(db: &Db, subject: &str) -> Vec<(String, i64, Value)> {
    let rows = db.read_blocking(|conn| outbox::oldest(conn, 1_000)).unwrap();
    let mut found: Vec<_> = rows.into_iter().filter(|row| row.subject == subject).map(read).collect();
    found.sort_by_key(|(_, version, _)| *version);
    found
}

fn read(row: outbox::Row) -> (String, i64, Value) {
    let outbox::Row { id, kind: name, subject, version, data, traceparent, created_at } = row;
    let (kind, at) = (name.parse().unwrap(), jiff::Timestamp::from_microsecond(created_at).unwrap());
    let envelope = Envelope::new((id, kind), (subject, version), at, traceparent, data.clone()).unwrap();
    let envelope = serde_json::to_value(&envelope).unwrap();
    assert_eq!(testkit::schema::faults(&envelope), Vec::<String>::new(), "{envelope}");
    (name, version, serde_json::from_str(&data).unwrap())
}

/// A new UUID.
pub fn uuid() -> String {
    service::id::uuid(service::Clock::system().now())
}

/// An invoice of an order, as invoice-app tells of it.
pub fn invoice(order: &str, user: &str, reason: Option<&str>) -> Value {
    json!({
        "invoice": order, "number": 7, "customer": user, "user": user, "order": order,
        "amount": {"value": 9.99, "currency": "EUR"}, "attempt": 1, "reason": reason,
    })
}
