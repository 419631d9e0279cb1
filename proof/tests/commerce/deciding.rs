//! Orders end as their invoices end, however the events come.

use std::sync::Arc;

use contracts::event::{Event, Kind};
use events::{Consumed, Consumer};
use orders::flows::counts::Counts;
use orders::handlers::events::Invoices;
use serde_json::json;
use service::Clock;
use service::metrics::Metrics;
use testkit::{Home, Serving, Team, engines};

use crate::placing::placed;
use crate::rows::number;
use crate::told::{event, invoice, told, uuid};

fn consumer(orders: &Serving) -> Invoices {
    let counts = Counts::new(&Metrics::new().unwrap()).unwrap();
    Invoices { db: orders.db.clone(), clock: Clock::system(), wake: Arc::default(), counts }
}

fn paid(order: &str, version: i64) -> Event {
    event(Kind::InvoicePaid, order, version, &invoice(order, &uuid(), None))
}

fn voided(order: &str, version: i64, reason: &str) -> Event {
    event(Kind::InvoiceVoided, order, version, &invoice(order, &uuid(), Some(reason)))
}

async fn state(orders: &Serving, id: &str) -> (String, Option<String>) {
    let order = orders.get(&format!("/v1/orders/{id}")).await;
    (order["state"].as_str().unwrap().to_owned(), order["reason"].as_str().map(str::to_owned))
}

fn last(orders: &Serving, id: &str) -> (String, i64) {
    told(&orders.db, id).into_iter().map(|(kind, version, _)| (kind, version)).next_back().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_ends_once_as_its_invoice_ends() {
    for engine in engines() {
        let home = Home::new();
        let orders = Team::Orders.start(&home, engine, vec![]);
        let consumer = consumer(&orders);
        let user = uuid();
        let (a, b, c) =
            (placed(&orders, &user).await, placed(&orders, &user).await, placed(&orders, &user).await);
        let batch = vec![paid(&a, 3), voided(&b, 4, "insufficient_funds"), voided(&c, 1, "cancelled")];
        assert_eq!(consumer.consume(batch.clone()).await, vec![Consumed::Done; 3]);
        // However often it comes again.
        for _ in 0..3 {
            assert_eq!(consumer.consume(batch.clone()).await, vec![Consumed::Done; 3]);
        }
        assert_eq!(state(&orders, &a).await, ("CONFIRMED".into(), None));
        assert_eq!(state(&orders, &b).await, ("REJECTED".into(), Some("insufficient_funds".into())));
        assert_eq!(state(&orders, &c).await, ("CANCELLED".into(), Some("cancelled".into())));
        assert_eq!(last(&orders, &a), ("order.confirmed.v1".into(), 2));
        assert_eq!(last(&orders, &b), ("order.rejected.v1".into(), 2));
        assert_eq!(last(&orders, &c), ("order.cancelled.v1".into(), 2));
        assert_eq!(number(&orders.db, "SELECT COUNT(*) AS n FROM outbox"), 6);
        let trace =
            "SELECT COUNT(*) AS n FROM outbox WHERE traceparent LIKE '00-4bf92f3577b34da6a3ce929d0e0e4736-%'";
        assert_eq!(number(&orders.db, trace), 3, "the trace of the invoice goes on");
        let late = orders.ask("POST", &format!("/v1/orders/{a}/cancel"), "", None).await;
        assert_eq!((late.0, &late.1["detail"]), (409, &json!("the order is CONFIRMED")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_that_was_faster_than_the_cancellation_confirms() {
    for engine in engines() {
        let home = Home::new();
        let orders = Team::Orders.start(&home, engine, vec![]);
        let id = placed(&orders, &uuid()).await;
        assert_eq!(orders.ask("POST", &format!("/v1/orders/{id}/cancel"), "", None).await.0, 200);
        assert_eq!(consumer(&orders).consume(vec![paid(&id, 3)]).await, [Consumed::Done]);
        assert_eq!(state(&orders, &id).await.0, "CONFIRMED");
        assert_eq!(last(&orders, &id), ("order.confirmed.v1".into(), 3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_is_refused_with_its_reason() {
    for engine in engines() {
        let home = Home::new();
        let orders = Team::Orders.start(&home, engine, vec![]);
        let consumer = consumer(&orders);
        let (id, stranger) = (placed(&orders, &uuid()).await, uuid());
        assert_eq!(consumer.consume(vec![paid(&id, 3)]).await, [Consumed::Done]);
        let answers =
            consumer.consume(vec![paid(&stranger, 1), voided(&id, 4, "cancelled"), paid(&id, 5)]).await;
        let Consumed::Refused(unknown) = &answers[0] else { panic!("{answers:?}") };
        let Consumed::Refused(contradiction) = &answers[1] else { panic!("{answers:?}") };
        assert!(unknown.contains(&stranger), "{unknown}");
        assert!(
            contradiction.contains("invoice.voided.v1") && contradiction.contains("CONFIRMED"),
            "{contradiction}"
        );
        assert_eq!(answers[2], Consumed::Done, "the rest flows on");
        assert_eq!(state(&orders, &id).await.0, "CONFIRMED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_that_are_no_orders_are_let_pass() {
    let home = Home::new();
    let orders = Team::Orders.start(&home, testkit::Engine::Sqlite, vec![]);
    let id = uuid();
    let mut data = invoice(&id, &uuid(), None);
    data["order"] = json!(null);
    let passed = consumer(&orders).consume(vec![event(Kind::InvoicePaid, &id, 1, &data)]).await;
    assert_eq!(passed, [Consumed::Done]);
    assert_eq!(number(&orders.db, "SELECT COUNT(*) AS n FROM outbox"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_rows_are_away_events_are_asked_for_again() {
    let home = Home::new();
    let orders = Team::Orders.start(&home, testkit::Engine::Sqlite, vec![]);
    let id = placed(&orders, &uuid()).await;
    crate::rows::execute(&orders.db, "ALTER TABLE inbox RENAME TO away");
    let away = consumer(&orders).consume(vec![paid(&id, 3)]).await;
    assert!(matches!(&away[..], [Consumed::Later(_)]), "{away:?}");
    assert_eq!(state(&orders, &id).await.0, "PLACED");
    crate::rows::execute(&orders.db, "ALTER TABLE away RENAME TO inbox");
    assert_eq!(consumer(&orders).consume(vec![paid(&id, 3)]).await, [Consumed::Done]);
    assert_eq!(state(&orders, &id).await.0, "CONFIRMED");
}

/// Rivals in one process and the same batches in other orders: no two of them may wait for each other in a circle.
#[tokio::test(flavor = "multi_thread")]
async fn batches_that_overlap_end_every_order_once() {
    for engine in engines() {
        let home = Home::new();
        let orders = Team::Orders.start(&home, engine, vec![]);
        let user = uuid();
        let mut ids = Vec::new();
        for _ in 0..20 {
            ids.push(placed(&orders, &user).await);
        }
        let consumer = consumer(&orders);
        let batches = (0..6).map(|turn: usize| {
            let mut batch: Vec<Event> = ids.iter().map(|id| paid(id, 3)).collect();
            batch.rotate_left(turn * 3);
            if turn % 2 == 1 {
                batch.reverse();
            }
            consumer.consume(batch)
        });
        for answers in futures_util::future::join_all(batches).await {
            assert_eq!(answers, vec![Consumed::Done; 20]);
        }
        let confirmed = "SELECT COUNT(*) AS n FROM outbox WHERE kind = 'order.confirmed.v1'";
        assert_eq!(number(&orders.db, confirmed), 20);
    }
}
