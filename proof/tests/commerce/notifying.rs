//! Which events become messages, to whom, in which language; each once.

use std::sync::Arc;

use contracts::event::{Event, Kind};
use events::{Consumed, Consumer};
use notifications::handlers::events::Worthy;
use serde_json::{Value, json};
use service::Clock;
use testkit::{Home, Serving, Team, engines};

use crate::told::{event, invoice, uuid};

pub fn consumer(notifications: &Serving) -> Worthy {
    Worthy { db: notifications.db.clone(), clock: Clock::system(), wake: Arc::default() }
}

pub fn registered(user: &str, name: &str, locale: &str) -> Event {
    let data = json!({"user": user, "name": name, "email": "ada@example.org", "currency": "EUR",
        "locale": locale, "time_zone": "UTC"});
    event(Kind::UserRegistered, user, 1, &data)
}

pub fn order(kind: Kind, order: &str, user: &str, reason: Option<&str>) -> Event {
    let state = match kind {
        Kind::OrderConfirmed => "CONFIRMED",
        Kind::OrderRejected => "REJECTED",
        _ => "CANCELLED",
    };
    let data = json!({"order": order, "user": user, "amount": {"value": 9.99, "currency": "EUR"},
        "description": "a book", "state": state, "reason": reason});
    event(kind, order, 2, &data)
}

async fn items(notifications: &Serving, query: &str) -> Vec<Value> {
    let page = notifications.get(&format!("/v1/notifications{query}")).await;
    page["items"].as_array().unwrap_or_else(|| panic!("{page}")).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_outcome_of_an_order_is_told_once_in_the_users_language() {
    for engine in engines() {
        let home = Home::new();
        let notifications = Team::Notifications.start(&home, engine, vec![]);
        let consumer = consumer(&notifications);
        let (ada, ben) = (uuid(), uuid());
        let (paid, refused, called_off) = (uuid(), uuid(), uuid());
        let batch = vec![
            order(Kind::OrderConfirmed, &paid, &ada, None),
            order(Kind::OrderRejected, &refused, &ben, Some("insufficient_funds")),
            order(Kind::OrderCancelled, &called_off, &ben, Some("cancelled")),
            // Last in the batch, and needed by the others.
            registered(&ada, "Ada", "de"),
            registered(&ben, "Ben", "xx-YY"),
        ];
        for _ in 0..3 {
            assert_eq!(consumer.consume(batch.clone()).await, vec![Consumed::Done; 5]);
        }
        let told = items(&notifications, &format!("?user={ada}")).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((&told[0]["order"], &told[0]["template"]), (&json!(paid), &json!("order.confirmed")));
        assert_eq!((&told[0]["locale"], &told[0]["user"]), (&json!("de"), &json!(ada)));
        assert_eq!(told[0]["subject"], "Ihre Bestellung ist bestätigt: a book");
        assert!(told[0]["body"].as_str().unwrap().contains("9,99 EUR"), "{told:?}");
        let told = items(&notifications, &format!("?order={refused}")).await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!((&told[0]["locale"], &told[0]["template"]), (&json!("en"), &json!("order.rejected")));
        assert!(told[0]["body"].as_str().unwrap().contains("does not cover"), "{told:?}");
        assert_eq!(items(&notifications, &format!("?user={ben}")).await.len(), 2);
        assert_eq!(items(&notifications, &format!("?user={ada}&order={refused}")).await.len(), 0);
        let one = format!("/v1/notifications/{}", told[0]["id"].as_str().unwrap());
        assert_eq!(notifications.get(&one).await["id"], told[0]["id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_known_yet_is_written_to_later() {
    for engine in engines() {
        let home = Home::new();
        let notifications = Team::Notifications.start(&home, engine, vec![]);
        let consumer = consumer(&notifications);
        let (user, id) = (uuid(), uuid());
        let confirmed = order(Kind::OrderConfirmed, &id, &user, None);
        let early = consumer.consume(vec![confirmed.clone()]).await;
        assert!(matches!(&early[..], [Consumed::Later(why)] if why.contains(&user)), "{early:?}");
        assert_eq!(items(&notifications, "").await, Vec::<Value>::new());
        let now = consumer.consume(vec![registered(&user, "Ada", "en"), confirmed]).await;
        assert_eq!(now, [Consumed::Done, Consumed::Done]);
        assert_eq!(items(&notifications, "").await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_invoices_receipts_and_uncollectible_ones_are_told_but_not_those_of_orders() {
    for engine in engines() {
        let home = Home::new();
        let notifications = Team::Notifications.start(&home, engine, vec![]);
        let consumer = consumer(&notifications);
        let user = uuid();
        let mut batch = vec![registered(&user, "Ada", "fr")];
        for kind in
            [Kind::InvoicePaid, Kind::InvoiceDeclined, Kind::InvoiceUncollectible, Kind::InvoiceVoided]
        {
            // Of an order, of a user, of nobody.
            let id = uuid();
            batch.push(event(kind, &id, 2, &invoice(&id, &user, Some("insufficient_funds"))));
            let id = uuid();
            let mut own = invoice(&id, &user, Some("stolen_card"));
            own["order"] = Value::Null;
            batch.push(event(kind, &id, 2, &own));
            let id = uuid();
            own["invoice"] = json!(id);
            own["user"] = Value::Null;
            batch.push(event(kind, &id, 2, &own));
        }
        let count = batch.len();
        assert_eq!(consumer.consume(batch).await, vec![Consumed::Done; count]);
        let mut templates: Vec<String> =
            items(&notifications, "").await.iter().map(|item| item["template"].to_string()).collect();
        templates.sort();
        assert_eq!(templates, ["\"invoice.paid\"", "\"invoice.uncollectible\""]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_late_is_not_told_any_more() {
    for engine in engines() {
        let home = Home::new();
        let notifications = Team::Notifications.start(&home, engine, vec![]);
        let consumer = consumer(&notifications);
        let (user, id) = (uuid(), uuid());
        let mut data = invoice(&id, &user, Some("stolen_card"));
        data["order"] = Value::Null;
        let (late, newer) =
            (event(Kind::InvoiceUncollectible, &id, 5, &data), event(Kind::InvoicePaid, &id, 8, &data));
        consumer.consume(vec![registered(&user, "Ada", "en"), newer]).await;
        assert_eq!(consumer.consume(vec![late]).await, [Consumed::Done]);
        let told = items(&notifications, "").await;
        assert_eq!((told.len(), &told[0]["template"]), (1, &json!("invoice.paid")), "{told:?}");
    }
}
