//! What an operator sees of events that are not taken, and does about them, by the commands that there are for it: an
//! unreachable subscriber, a poison event, one in a form that the subscriber cannot read. The rest flows on each time.

use antaeusctl::events::EventsCommand;
use clap::Parser;
use contracts::event::Kind;
use service::Clock;
use testkit::{Shop, engines};

use crate::rows::{execute, number};
use crate::saga::{ended, ordered, rich, told, until};
use crate::told::{invoice, uuid};

#[derive(Parser)]
enum Command {
    #[command(subcommand)]
    Events(EventsCommand),
}

/// What `antaeusctl events` says about a database.
fn ctl(words: &[&str], database: &str) -> String {
    let command = ["antaeusctl", "events"].into_iter().chain(words.iter().copied());
    let Command::Events(command) = Command::parse_from(command.chain(["--database-url", database]));
    let mut out = Vec::new();
    antaeusctl::events::run(&command, &Clock::system(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The lines of `events list --parked`, without its head.
fn parked(database: &str) -> Vec<String> {
    let list = ctl(&["list", "--parked"], database);
    list.lines().filter(|line| line.contains(".v1")).map(str::to_owned).collect()
}

async fn counts(admin: &str, receiver: &str, state: &str, wanted: i64) {
    let line = format!("events_held{{receiver=\"{receiver}\",state=\"{state}\"}} {wanted}\n");
    let http = testkit::client::plain();
    let metrics = async || http.get(format!("{admin}/metrics")).send().await.unwrap().text().await.unwrap();
    until(&line, async || metrics().await.contains(&line)).await;
}

/// A later order goes its whole way.
async fn the_rest_flows_on(shop: &Shop, user: &str) {
    let id = ordered(shop, user, 1).await;
    assert_eq!(ended(shop, &id).await["state"], "CONFIRMED");
    until("told", async || told(shop, &id).await == ["order.confirmed"]).await;
}

/// In a sender's outbox, as if it had happened there.
fn put(db: &db::Db, kind: Kind, subject: &str, version: i64, data: &str) -> String {
    let id = uuid();
    let insert = format!(
        "INSERT INTO outbox (id, kind, subject, version, data, created_at)
         VALUES ('{id}', '{kind}', '{subject}', {version}, '{data}', 5)"
    );
    execute(db, &insert);
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_unreachable_subscriber_is_to_hear_waits_is_parked_after_a_day_and_comes_when_replayed() {
    for engine in engines() {
        let mut shop = Shop::open(engine, vec![]);
        let (user, _) = rich(&shop, 100).await;
        let orders = shop.orders.database_url().to_owned();
        // It has heard of the user by then.
        the_rest_flows_on(&shop, &user).await;
        shop.notifications.stop().await;
        let id = ordered(&shop, &user, 1).await;
        assert_eq!(ended(&shop, &id).await["state"], "CONFIRMED", "the others go on");
        counts(&shop.orders.admin, "notifications", "waiting", 1).await;
        assert_eq!(parked(&orders), Vec::<String>::new());
        assert!(ctl(&["list"], &orders).contains("order.confirmed.v1"));

        execute(&shop.orders.db, "UPDATE held_events SET held_at = 5");
        until("parked", async || parked(&orders).len() == 1).await;
        let line = parked(&orders).remove(0);
        assert!(line.contains("notifications") && line.contains("error"), "{line}");
        counts(&shop.orders.admin, "notifications", "parked", 1).await;

        shop.notifications.restart_with(vec![]).await;
        assert_eq!(parked(&orders).len(), 1, "it waits for a person");
        assert_eq!(told(&shop, &id).await.len(), 0);
        assert_eq!(ctl(&["replay", "--all"], &orders), "1 tried again now\n");
        until("told", async || told(&shop, &id).await == ["order.confirmed"]).await;
        until("none is held", async || ctl(&["list"], &orders) == "none\n").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_is_parked_with_its_reason_and_is_taken_after_the_repair() {
    for engine in engines() {
        let shop = Shop::open(engine, vec![]);
        let (user, _) = rich(&shop, 100).await;
        let invoices = shop.stack.invoices_db_url();
        // Paid, of an order that orders has lost.
        let lost = uuid();
        let data = invoice(&lost, &user, None).to_string();
        let event = put(&shop.stack.invoices_db, Kind::InvoicePaid, &lost, 3, &data);
        until("parked", async || parked(invoices).len() == 1).await;
        let line = parked(invoices).remove(0);
        for word in [&*event, "invoice.paid.v1", "orders", "there is no order"] {
            assert!(line.contains(word), "{word}: {line}");
        }
        counts(&shop.stack.invoices_admin, "orders", "parked", 1).await;
        the_rest_flows_on(&shop, &user).await;
        assert!(ctl(&["show", &event], invoices).contains(&lost));

        // Replayed too early it is parked again.
        assert_eq!(ctl(&["replay", &event], invoices), "1 tried again now\n");
        until("parked again", async || parked(invoices).len() == 1).await;
        execute(
            &shop.orders.db,
            &format!(
                "INSERT INTO orders (id, user_id, amount, currency, description, state, version, placed_at, changed_at)
                 VALUES ('{lost}', '{user}', 999, 'EUR', 'a book', 'PLACED', 1, 5, 5)"
            ),
        );
        assert_eq!(ctl(&["replay", &event], invoices), "1 tried again now\n");
        assert_eq!(ended(&shop, &lost).await["state"], "CONFIRMED");
        until("told", async || told(&shop, &lost).await == ["order.confirmed"]).await;
        until("none is held", async || ctl(&["list"], invoices) == "none\n").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_in_a_form_that_cannot_be_read_is_parked_and_is_taken_once_it_can() {
    for engine in engines() {
        let shop = Shop::open(engine, vec![]);
        let (user, _) = rich(&shop, 100).await;
        let orders = shop.orders.database_url();
        // A version of orders that says the amount in another way under the old name.
        let id = uuid();
        let data = format!(
            r#"{{"order":"{id}","user":"{user}","amount":"9.99 EUR","description":"a book","state":"CONFIRMED"}}"#
        );
        let event = put(&shop.orders.db, Kind::OrderConfirmed, &id, 2, &data);
        until("parked", async || parked(orders).len() == 1).await;
        let line = parked(orders).remove(0);
        for word in [&*event, "order.confirmed.v1", "notifications", "data: "] {
            assert!(line.contains(word), "{word}: {line}");
        }
        counts(&shop.orders.admin, "notifications", "parked", 1).await;
        the_rest_flows_on(&shop, &user).await;
        assert_eq!(told(&shop, &id).await.len(), 0);

        let repair = r#"replace(event, '"9.99 EUR"', '{"value":9.99,"currency":"EUR"}')"#;
        execute(&shop.orders.db, &format!("UPDATE held_events SET event = {repair} WHERE id = '{event}'"));
        assert_eq!(ctl(&["replay", &event], orders), "1 tried again now\n");
        until("told", async || told(&shop, &id).await == ["order.confirmed"]).await;
        until("none is held", async || number(&shop.orders.db, "SELECT COUNT(*) AS n FROM held_events") == 0)
            .await;
    }
}
