//! Events over a real RabbitMQ: nothing is lost while it is away, and nobody can speak for somebody else.

use std::collections::BTreeSet;
use std::time::Duration;

use contracts::event::{Data, Kind, OrderState};
use events::Consumed;
use events::broker::Publisher;
use events::transport::{Outgoing, Unreachable};
use service::metrics::Metrics;
use testkit::broker::{Broker, Peer};
use testkit::events::envelope;
use testkit::{Engine, Options, Stack, engines};

use crate::rows::{lines, number};
use crate::runs::{invoices, until};
use crate::shop::{order, user, uuid};

const OUTBOX: &str = "SELECT COUNT(*) AS n FROM outbox";
const WAITING: &str = "SELECT COUNT(*) AS n FROM held_events WHERE next_at IS NOT NULL";
const PARKED: &str = "SELECT receiver || ' ' || kind AS line FROM held_events WHERE next_at IS NULL";

/// invoice-app and those around it, with a broker between them.
struct Street {
    stack: Stack,
    users: Peer,
    orders: Peer,
    notifications: Peer,
    broker: Broker,
}

impl Street {
    fn open(engine: Engine) -> Option<Self> {
        Broker::fresh().map(|broker| Self::along(broker, engine))
    }

    fn along(broker: Broker, engine: Engine) -> Self {
        let invoice_app = broker.vars("invoice-app");
        let stack = Stack::start(engine, Options { invoice_app, ..Options::default() });
        let peer = |name| Peer::start(&stack.home, &broker, name);
        let (users, orders, notifications) = (peer("users"), peer("orders"), peer("notifications"));
        Self { users, orders, notifications, stack, broker }
    }

    /// A user with money on the account.
    async fn user(&self, deposit: &str) -> String {
        let id = uuid();
        self.users.say(Kind::UserRegistered, &[user(&id)], 1);
        let there = format!("SELECT COUNT(*) AS n FROM customers WHERE uid = '{id}'");
        until("the user is a customer", || number(&self.stack.invoices_db, &there) == 1).await;
        let customer = self.stack.get(&format!("/v1/customers?user={id}")).await;
        let customer = customer["items"][0]["id"].as_i64().unwrap();
        let body = format!(r#"{{"amount":{{"value":{deposit},"currency":"EUR"}}}}"#);
        let path = format!("/v1/customers/{customer}/deposits");
        assert_eq!(self.stack.post(&path, &body).await.0, 201);
        id
    }

    fn place(&self, ids: &[String], user: &str) {
        let orders: Vec<Data> = ids.iter().map(|id| order(id, user, "1.00", OrderState::Placed)).collect();
        self.orders.say(Kind::OrderPlaced, &orders, 1);
    }
}

/// Somebody who says what it likes.
fn publisher(broker: &Broker, name: &'static str) -> Publisher {
    let meters = events::Meters::new(&Metrics::new().unwrap()).unwrap();
    Publisher::new(broker.access(name), meters)
}

fn outgoing(kind: Kind, routed_as: Kind, data: &Data) -> Outgoing {
    let envelope = envelope(kind, data, 1);
    let json = serde_json::to_string(&envelope).unwrap();
    Outgoing { id: envelope.id, kind: routed_as.name().into(), json, traceparent: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_travels_over_the_broker_and_its_verdict_comes_back_to_all_who_subscribe() {
    for engine in engines() {
        let Some(street) = Street::open(engine) else { return };
        let user = street.user("100.00").await;
        let id = uuid();
        street.place(std::slice::from_ref(&id), &user);
        until("orders hears of it", || !street.orders.heard.about(&id).is_empty()).await;
        until("notifications does", || !street.notifications.heard.about(&id).is_empty()).await;
        for heard in [&street.orders.heard, &street.notifications.heard] {
            assert_eq!(
                heard.about(&id).iter().map(|event| event.kind).collect::<Vec<_>>(),
                [Kind::InvoicePaid]
            );
        }
        // Who does not subscribe hears nothing.
        assert!(street.orders.heard.about(&user).is_empty());
        assert_eq!(street.notifications.heard.about(&user).len(), 1);
        until("all is told", || number(&street.stack.invoices_db, OUTBOX) == 0).await;
        for peer in [street.users, street.orders, street.notifications] {
            assert_eq!(number(&peer.db, OUTBOX) + number(&peer.db, WAITING), 0);
            peer.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_comes_before_its_user_is_held_and_applied_later() {
    for engine in engines() {
        let Some(street) = Street::open(engine) else { return };
        let (stranger, id) = (uuid(), uuid());
        street.place(std::slice::from_ref(&id), &stranger);
        until("it is held", || number(&street.stack.invoices_db, WAITING) == 1).await;
        street.users.say(Kind::UserRegistered, &[user(&stranger)], 1);
        until("there is a verdict", || !street.orders.heard.about(&id).is_empty()).await;
        assert_eq!(street.orders.heard.about(&id)[0].kind, Kind::InvoiceVoided, "there is no money");
        until("nothing is held", || number(&street.stack.invoices_db, WAITING) == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_speak_for_somebody_else() {
    let Some(street) = Street::open(Engine::Sqlite) else { return };
    let (buyer, id) = (street.user("100.00").await, uuid());
    let forged = order(&id, &buyer, "1.00", OrderState::Placed);
    // Under the name of an order the broker takes nothing from users.
    let users = publisher(&street.broker, "users");
    let refused = users.deliver(&[outgoing(Kind::OrderPlaced, Kind::OrderPlaced, &forged)]).await;
    assert!(matches!(&refused, Err(Unreachable(why)) if why.contains("ACCESS_REFUSED")), "{refused:?}");
    // Under a name of its own the order arrives, from users: it is put aside, and no replay brings it back.
    let told = users.deliver(&[outgoing(Kind::OrderPlaced, Kind::UserRegistered, &forged)]).await;
    assert_eq!(told, Ok(vec![Consumed::Done]));
    let parked = || lines(&street.stack.invoices_db, PARKED);
    until("it is parked", || parked() == ["nobody order.placed.v1"]).await;
    assert_eq!(street.stack.invoices_db.write_blocking(|conn| events::held::replay(conn, None, 1)), Ok(1));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(invoices(&street.stack, "origin = 'order'"), 0);
    assert!(street.orders.heard.about(&id).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_a_queue_for_is_not_told() {
    let Some(broker) = Broker::fresh() else { return };
    let (order, orders) = (order(&uuid(), &uuid(), "1.00", OrderState::Placed), publisher(&broker, "orders"));
    let event = outgoing(Kind::OrderPlaced, Kind::OrderPlaced, &order);
    assert_eq!(orders.deliver(std::slice::from_ref(&event)).await, Ok(vec![Consumed::Done]));
    // The broker says that it took it, and sends it back.
    broker.ctl(&["delete_queue", "antaeus.invoice-app"]);
    let told = orders.deliver(std::slice::from_ref(&event)).await.unwrap();
    assert!(matches!(&told[..], [Consumed::Later(why)] if why.contains("unroutable")), "{told:?}");
    // Whoever connects now says nothing to anybody.
    let told = publisher(&broker, "orders").deliver(&[event]).await;
    assert!(
        matches!(&told, Err(Unreachable(why)) if why.contains("antaeus.invoice-app is not there")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_is_paid_twice_when_the_broker_is_killed_among_500_orders() {
    const ORDERS: usize = 500;
    for engine in engines() {
        let Some(broker) = Broker::alone() else { return };
        let street = Street::along(broker, engine);
        let user = street.user("1000.00").await;
        let ids: Vec<String> = (0..ORDERS).map(|_| uuid()).collect();
        std::thread::scope(|scope| {
            let crashing = scope.spawn(|| {
                street.broker.crash();
                street.broker.crash();
            });
            for part in ids.chunks(10) {
                street.place(part, &user);
                std::thread::sleep(Duration::from_millis(150));
            }
            crashing.join().unwrap();
        });
        let ready =
            street.stack.http.get(format!("{}/readyz", street.stack.invoices_admin)).send().await.unwrap();
        assert_eq!(ready.status(), 200);
        until("all are paid", || invoices(&street.stack, "origin = 'order' AND state = 'PAID'") == 500).await;
        let wanted: BTreeSet<String> = ids.into_iter().collect();
        let told = |peer: &Peer| -> BTreeSet<String> {
            let paid = peer.heard.all().into_iter().filter(|event| event.kind == Kind::InvoicePaid);
            paid.map(|event| event.subject).collect()
        };
        until("orders knows", || told(&street.orders) == wanted).await;
        until("notifications knows", || told(&street.notifications) == wanted).await;
        let captures = "SELECT COUNT(*) AS n FROM transfers WHERE kind = 'capture'";
        assert_eq!(number(&street.stack.provider_db, captures), 500);
        assert_eq!(number(&street.orders.db, OUTBOX) + number(&street.orders.db, WAITING), 0);
    }
}
