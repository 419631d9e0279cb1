//! Users, orders and notifications telling each other what happened, over the wire: in the end each message is there,
//! once, whoever was away.

use std::time::{Duration, Instant};

use contracts::event::Kind;
use events::Consumer;
use orders::flows::counts::Counts;
use orders::handlers::events::Invoices;
use serde_json::{Value, json};
use service::Clock;
use service::metrics::Metrics;
use testkit::shop::{EventPorts, commerce};
use testkit::{Home, Serving, engines};

use crate::placing::placed;
use crate::rows::number;
use crate::sending::mails;
use crate::told::{event, invoice};

async fn registered(users: &Serving) -> String {
    let body = json!({"name": "Ada", "email": "ada@example.org", "currency": "EUR"});
    let (status, user) = users.post("/v1/users", body).await;
    assert_eq!(status, 201, "{user}");
    user["id"].as_str().unwrap().to_owned()
}

async fn paid(orders: &Serving, id: &str, user: &str) {
    let counts = Counts::new(&Metrics::new().unwrap()).unwrap();
    let consumer =
        Invoices { db: orders.db.clone(), clock: Clock::system(), wake: std::sync::Arc::default(), counts };
    consumer.consume(vec![event(Kind::InvoicePaid, id, 3, &invoice(id, user, None))]).await;
}

async fn until(what: &str, good: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !good().await {
        assert!(Instant::now() < deadline, "not {what} within 30 seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn messages(notifications: &Serving, order: &str) -> Vec<Value> {
    let page = notifications.get(&format!("/v1/notifications?order={order}")).await;
    page["items"].as_array().unwrap().clone()
}

fn left(service: &Serving) -> i64 {
    number(&service.db, "SELECT (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM held_events) AS n")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registered_and_ordered_is_told_once() {
    for engine in engines() {
        let home = Home::new();
        let [users, orders, notifications] = commerce(&home, engine, EventPorts::default(), &[]);
        let user = registered(&users).await;
        let id = placed(&orders, &user).await;
        paid(&orders, &id, &user).await;
        until("told", async || messages(&notifications, &id).await.len() == 1).await;
        until("sent", async || messages(&notifications, &id).await[0]["state"] == "SENT").await;
        until("quiet", async || left(&users) + left(&orders) == 0).await;
        assert_eq!((messages(&notifications, &id).await.len(), mails(&home).len()), (1, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_was_away_hears_it_all_when_it_is_back() {
    for engine in engines() {
        let home = Home::new();
        let [users, orders, mut notifications] = commerce(&home, engine, EventPorts::default(), &[]);
        notifications.stop().await;
        let user = registered(&users).await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            let id = placed(&orders, &user).await;
            paid(&orders, &id, &user).await;
            ids.push(id);
        }
        let held = "SELECT COUNT(*) AS n FROM held_events WHERE receiver = 'notifications'";
        until("held", async || number(&orders.db, held) == 5 && number(&users.db, held) == 1).await;
        assert_eq!(orders.get(&format!("/v1/orders/{}", ids[0])).await["state"], "CONFIRMED");
        notifications.restart_with(vec![]).await;
        for id in &ids {
            until("told", async || messages(&notifications, id).await.len() == 1).await;
        }
        until("sent", async || mails(&home).len() == 5).await;
        until("quiet", async || left(&users) + left(&orders) == 0).await;
        assert_eq!(number(&notifications.db, "SELECT COUNT(*) AS n FROM notifications"), 5);
    }
}

/// An event that nobody can take must not stop the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_is_parked_with_its_reason_and_the_rest_flows_on() {
    for engine in engines() {
        let home = Home::new();
        let [users, orders, notifications] = commerce(&home, engine, EventPorts::default(), &[]);
        let (user, other) = (registered(&users).await, registered(&users).await);
        let poisoned = placed(&orders, &other).await;
        // In the outbox before the relay looks again.
        let poison = format!(
            "INSERT INTO outbox (id, kind, subject, version, data, created_at)
             VALUES ('{}', 'order.confirmed.v1', '{poisoned}', 2, '{{\"order\":\"{poisoned}\"}}', 5)",
            crate::told::uuid()
        );
        crate::rows::execute(&orders.db, &poison);
        let id = placed(&orders, &user).await;
        paid(&orders, &id, &user).await;
        until("told", async || messages(&notifications, &id).await.len() == 1).await;
        let parked =
            "SELECT COUNT(*) AS n FROM held_events WHERE next_at IS NULL AND reason LIKE '%missing field%'";
        until("parked", async || number(&orders.db, parked) == 1).await;
        assert_eq!(messages(&notifications, &poisoned).await.len(), 0);
    }
}
