//! What is really sent is what docs/events says.

use std::collections::BTreeSet;

use contracts::event::Kind;
use serde_json::{Value, json};
use testkit::events::envelope;
use testkit::schema::faults;
use testkit::{Options, Stack, engines};

use crate::rows::{lines, number};
use crate::runs::{self, until};
use crate::shop::{Shop, cancelled, placed, user, uuid};

#[test]
fn each_type_has_its_schema_and_each_schema_its_type() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/events");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<String> =
        files.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    assert_eq!(found, Kind::ALL.map(|kind| kind.name().to_owned()).into());
}

#[test]
fn what_breaks_a_schema_is_noticed() {
    let good = envelope(Kind::UserRegistered, &user(&uuid()), 1);
    let good: Value = serde_json::to_value(good).unwrap();
    assert_eq!(faults(&good), Vec::<String>::new());
    for (pointer, value) in [
        ("/subjectversion", json!("1")),
        ("/subjectversion", json!(0)),
        ("/source", json!("/orders")),
        ("/data/currency", json!("eur")),
        ("/data/user", json!("1")),
        ("/data", json!({})),
        ("/time", json!("yesterday")),
    ] {
        let mut broken = good.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert_ne!(faults(&broken), Vec::<String>::new(), "{pointer}");
    }
}

/// Whatever invoice-app tells, as it stands in front of somebody who does not answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_invoice_app_sends_is_as_its_schema_says() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let buyer = shop.user("10.00").await;
        let Shop { stack, orders, ear, .. } = shop;
        ear.stop().await;
        orders.tell(&[placed(&uuid(), &buyer, "9.99"), placed(&uuid(), &buyer, "90.00")]).await;
        orders.tell(&[cancelled(&uuid(), &buyer, "1.00")]).await;
        until("all are held", || number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM held_events") == 3)
            .await;
        check(&stack, &[("invoice.paid.v1", 1), ("invoice.voided.v1", 2)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_is_what_it_says_of_invoices_that_are_declined_and_voided_by_hand() {
    for engine in engines() {
        let provider = vec![
            ("ACQUIRER_SUCCESS_RATE", "0".to_owned()),
            ("ACQUIRER_DECLINES", "stolen_card=1,do_not_honor=1".to_owned()),
        ];
        let to = ("EVENTS_TO", "notifications=https://localhost:1".to_owned());
        let invoice_app = vec![to, ("RETRY_POLICY_FILE", String::new())];
        let stack = Stack::start(
            engine,
            Options { data: Some("large:40"), provider, invoice_app, ..Options::default() },
        );
        let own = runs::customer(&stack, json!({"currency": "EUR", "user": "ada"})).await;
        let list = stack.get(&format!("/v1/invoices?customer_id={}", own["id"])).await;
        let (status, answer) = stack.post(&format!("/v1/invoices/{}/void", list["items"][0]["id"]), "").await;
        assert_eq!(status, 200, "{answer}");
        runs::run(&stack, "due").await;
        until("all are held", || number(&stack.invoices_db, "SELECT COUNT(*) AS n FROM held_events") == 41)
            .await;
        let parked = runs::invoices(&stack, "state = 'PARKED'");
        check(
            &stack,
            &[
                ("invoice.uncollectible.v1", parked),
                ("invoice.declined.v1", 40 - parked),
                ("invoice.voided.v1", 1),
            ],
        );
    }
}

fn check(stack: &Stack, expected: &[(&str, i64)]) {
    for (kind, expected) in expected {
        let sent = lines(
            &stack.invoices_db,
            &format!("SELECT event AS line FROM held_events WHERE kind = '{kind}'"),
        );
        assert_eq!(i64::try_from(sent.len()), Ok(*expected), "{kind}");
        for event in sent {
            let event: Value = serde_json::from_str(&event).unwrap();
            assert_eq!(faults(&event), Vec::<String>::new(), "{event}");
        }
    }
}
