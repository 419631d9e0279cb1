//! How events travel: nothing is lost while a receiver is away, and what one does not take stands in no other's way.

use std::time::Duration;

use contracts::event::{EVENTS_PATH, Kind, Outcome};
use events::{Consumed, held};
use serde_json::json;
use testkit::events::{Listener, Teller, envelope};
use testkit::{Engine, engines};

use crate::rows::number;
use crate::runs::until;
use crate::shop::{Shop, outcomes, placed, user, uuid};

const OUTBOX: &str = "SELECT COUNT(*) AS n FROM outbox";
const HELD: &str = "SELECT COUNT(*) AS n FROM held_events";
const PARKED: &str = "SELECT COUNT(*) AS n FROM held_events WHERE next_at IS NULL";

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_a_receiver_is_away_is_told_when_it_is_back() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let user = shop.user("100.00").await;
        let listen = shop.ear.addr.to_string();
        let heard = shop.ear.stop().await;
        let ids: Vec<String> = (0..20).map(|_| uuid()).collect();
        for id in &ids {
            shop.orders.tell(&[placed(id, &user, "1.00")]).await;
        }
        until("it waits", || number(&shop.stack.invoices_db, HELD) == 20).await;
        assert_eq!(number(&shop.stack.invoices_db, OUTBOX), 0);
        let back = Listener::start_with(&shop.stack.home, "orders", &listen, heard);
        until("all is told", || number(&shop.stack.invoices_db, HELD) == 0).await;
        for id in &ids {
            assert_eq!(back.heard.about(id).len(), 1, "{id}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_not_taken_stands_in_no_others_way() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let user = shop.user("100.00").await;
        let [poison, early, good] = [uuid(), uuid(), uuid()];
        shop.told.answer(&poison, Some(Consumed::Refused("I never heard of it".into())));
        shop.told.answer(&early, Some(Consumed::Later("not yet".into())));
        let all = [&poison, &early, &good].map(|id| placed(id, &user, "1.00"));
        shop.orders.tell(&all).await;
        until("the good one is told", || shop.told.about(&good).len() == 1).await;
        until("one is parked", || number(&shop.stack.invoices_db, PARKED) == 1).await;
        assert_eq!(number(&shop.stack.invoices_db, OUTBOX), 0);
        shop.told.answer(&early, None);
        until("the early one is taken", || number(&shop.stack.invoices_db, HELD) == 1).await;
        assert!(shop.told.about(&early).len() >= 2);

        let parked =
            shop.stack.invoices_db.read_blocking(|conn| held::page(conn, true, ("", ""), 10)).unwrap();
        assert_eq!(
            (parked[0].receiver.as_str(), parked[0].reason.as_str()),
            ("orders", "I never heard of it")
        );
        assert!(parked[0].event.contains(&poison));
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(shop.told.about(&poison).len(), 1, "it is not tried again by itself");
        shop.told.answer(&poison, None);
        let id = parked[0].id.clone();
        shop.stack.invoices_db.write_blocking(|conn| held::replay(conn, Some(&id), 1)).unwrap();
        until("a person had it tried again", || number(&shop.stack.invoices_db, HELD) == 0).await;
        assert_eq!(shop.told.about(&poison).len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_of_a_batch_is_judged_by_itself() {
    let shop = Shop::open(Engine::Sqlite, &[]).await;
    let customer = uuid();
    let good = envelope(Kind::UserRegistered, &user(&customer), 1);
    let mut broken = envelope(Kind::UserRegistered, &user(&uuid()), 1);
    broken.data = serde_json::value::to_raw_value(&json!({"user": broken.subject})).unwrap();
    let mut unknown = good.clone();
    unknown.kind = "user.promoted.v1".into();
    let receipt = shop.users.tell(&[broken, unknown, placed(&uuid(), &customer, "1.00"), good]).await;
    assert_eq!(outcomes(&receipt), [Outcome::Refused, Outcome::Refused, Outcome::Refused, Outcome::Done]);
    let reasons: Vec<&str> =
        receipt.results.iter().map(|one| one.reason.as_deref().unwrap_or_default()).collect();
    assert!(reasons[0].contains("missing field `name`"), "{reasons:?}");
    assert!(reasons[1].contains("no type of event"), "{reasons:?}");
    assert_eq!(reasons[2], "order.placed.v1 is not for users to send");
    shop.customer(&customer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_sender_of_events_gets_through_and_only_to_the_one_path() {
    let shop = Shop::open(Engine::Sqlite, &[]).await;
    let (home, base) = (&shop.stack.home, &shop.stack.invoices_events);
    let mut forged = Teller::new(home, "orders", "invoice-app", base);
    forged.signer.key = shop.users.signer.key.clone();
    assert_eq!(forged.send("[]".into()).await.0, 401, "a key of another sender");
    let own = Teller::new(home, "invoice-app", "invoice-app", base);
    assert_eq!(own.send("[]".into()).await.0, 403, "a workload that sends us nothing");
    let elsewhere = Teller::new(home, "orders", "notifications", base);
    let meant = elsewhere.http.post(format!("{base}{EVENTS_PATH}")).send().await;
    assert!(meant.is_err(), "the server is not whom the sender wants to talk to");
    for path in [EVENTS_PATH, "/", "/v1/customers", "/metrics"] {
        let answer = shop.orders.http.get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401, "{path}");
    }
    let (status, _) = shop.stack.post(EVENTS_PATH, "[]").await;
    assert_eq!(status, 404, "the public port does not have it");
    for body in ["{}", "[", "1"] {
        let (status, _) = shop.orders.send(body.into()).await;
        assert!([400, 422].contains(&status), "{body}: {status}");
    }
    assert_eq!(shop.orders.send(format!("[{}]", vec!["1"; 501].join(","))).await.0, 422);
    assert_eq!(shop.orders.send(format!("[\"{}\"]", "x".repeat(1024 * 1024))).await.0, 413);
}
