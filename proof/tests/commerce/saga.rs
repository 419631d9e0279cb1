//! All five services: an order charges a balance, one beyond it does not, and a cancellation that races the charge ends
//! in exactly one of the two.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::broker::Broker;
use testkit::{Engine, Shop, engines};

use crate::rows::number;
use crate::sending::mails;

pub async fn until(what: &str, good: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !good().await {
        assert!(Instant::now() < deadline, "not {what} within a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// By calls, and over a broker.
fn ways(engine: Engine) -> Vec<Shop> {
    let called = Shop::open(engine, vec![]);
    std::iter::once(called).chain(Broker::fresh().map(|broker| Shop::over(&broker, engine))).collect()
}

/// A user with so much on its account: its id and its customer's number.
pub async fn rich(shop: &Shop, euros: i64) -> (String, i64) {
    let body = json!({"name": "Ada", "email": "ada@example.org", "currency": "EUR", "locale": "de"});
    let (status, user) = shop.users.post("/v1/users", body).await;
    assert_eq!(status, 201, "{user}");
    let user = user["id"].as_str().unwrap().to_owned();
    let found = format!("/v1/customers?user={user}");
    until("a customer", async || !shop.stack.get(&found).await["items"].as_array().unwrap().is_empty()).await;
    let customer = shop.stack.get(&found).await["items"][0]["id"].as_i64().unwrap();
    let deposit = json!({"amount": {"value": euros, "currency": "EUR"}}).to_string();
    let (status, answer) = shop.stack.post(&format!("/v1/customers/{customer}/deposits"), &deposit).await;
    assert!([200, 201].contains(&status), "{answer}");
    (user, customer)
}

pub async fn ordered(shop: &Shop, user: &str, euros: i64) -> String {
    let body = json!({"user": user, "amount": {"value": euros, "currency": "EUR"}, "description": "a book"});
    let (status, order) = shop.orders.post("/v1/orders", body).await;
    assert_eq!(status, 201, "{order}");
    order["id"].as_str().unwrap().to_owned()
}

pub async fn ended(shop: &Shop, id: &str) -> Value {
    let path = format!("/v1/orders/{id}");
    let open =
        async || ["PLACED", "CANCELLING"].contains(&shop.orders.get(&path).await["state"].as_str().unwrap());
    until("decided", async || !open().await).await;
    shop.orders.get(&path).await
}

async fn balance(shop: &Shop, customer: i64) -> Value {
    shop.stack.get(&format!("/v1/customers/{customer}/account")).await["balance"]["value"].clone()
}

pub async fn told(shop: &Shop, id: &str) -> Vec<Value> {
    let page = shop.notifications.get(&format!("/v1/notifications?order={id}")).await;
    page["items"].as_array().unwrap().iter().map(|item| item["template"].clone()).collect()
}

/// Waits for the first: what a broker has is out of the outbox, and perhaps not heard yet.
async fn heard(shop: &Shop, id: &str) -> Vec<Value> {
    until("told", async || !told(shop, id).await.is_empty()).await;
    told(shop, id).await
}

async fn quiet(shop: &Shop) {
    let left = "SELECT (SELECT COUNT(*) FROM outbox) + (SELECT COUNT(*) FROM held_events) AS n";
    let left = async || {
        [&shop.users.db, &shop.orders.db, &shop.stack.invoices_db]
            .map(|db| number(db, left))
            .iter()
            .sum::<i64>()
    };
    until("quiet", async || left().await == 0).await;
}

fn captured(shop: &Shop, id: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM transfers WHERE kind = 'capture' AND reference = '{id}'");
    number(&shop.stack.provider_db, &sql)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_charges_a_balance_and_one_beyond_it_does_not() {
    for shop in engines().into_iter().flat_map(ways) {
        let (user, customer) = rich(&shop, 100).await;
        let bought = ordered(&shop, &user, 30).await;
        assert_eq!(ended(&shop, &bought).await["state"], "CONFIRMED");
        assert_eq!(balance(&shop, customer).await.as_f64(), Some(70.0));
        let refused = ordered(&shop, &user, 71).await;
        let seen = ended(&shop, &refused).await;
        assert_eq!((&seen["state"], &seen["reason"]), (&json!("REJECTED"), &json!("insufficient_funds")));
        assert_eq!(balance(&shop, customer).await.as_f64(), Some(70.0));
        quiet(&shop).await;
        assert_eq!(heard(&shop, &bought).await, ["order.confirmed"]);
        assert_eq!(heard(&shop, &refused).await, ["order.rejected"]);
        until("sent", async || mails(&shop.stack.home).len() == 2).await;
        assert_eq!((captured(&shop, &bought), captured(&shop, &refused)), (1, 0));
        assert_eq!(proof::invariants::broken(&shop.stack.invoices_db, &shop.stack.provider_db), vec![]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_races_the_charge_ends_in_exactly_one_of_the_two() {
    for shop in engines().into_iter().flat_map(ways) {
        let (user, customer) = rich(&shop, 10_000).await;
        let mut ids = Vec::new();
        for turn in 0..60_u64 {
            let id = ordered(&shop, &user, 1).await;
            tokio::time::sleep(Duration::from_millis(turn % 12)).await;
            let path = format!("/v1/orders/{id}/cancel");
            let (status, answer) = shop.orders.ask("POST", &path, "", None).await;
            assert!([200, 409].contains(&status), "{answer}");
            ids.push(id);
        }
        let (mut confirmed, mut cancelled) = (0, 0);
        for id in &ids {
            let order = ended(&shop, id).await;
            match order["state"].as_str().unwrap() {
                "CONFIRMED" => confirmed += captured(&shop, id),
                "CANCELLED" => cancelled += 1 - captured(&shop, id),
                other => panic!("{other}: {order}"),
            }
        }
        quiet(&shop).await;
        assert_eq!(confirmed + cancelled, 60, "confirmed and charged, or cancelled and not");
        assert_eq!(
            balance(&shop, customer).await.as_f64(),
            Some((10_000 - i32::try_from(confirmed).unwrap()).into())
        );
        for id in &ids {
            assert_eq!(heard(&shop, id).await.len(), 1, "{id}");
        }
        assert_eq!(proof::invariants::broken(&shop.stack.invoices_db, &shop.stack.provider_db), vec![]);
    }
}
