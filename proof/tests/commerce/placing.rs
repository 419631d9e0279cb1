//! Orders: placed, cancelled, listed.

use serde_json::{Value, json};
use testkit::{Home, Serving, Team, engines};

use crate::rows::number;
use crate::told::{told, uuid};

pub fn book(user: &str) -> Value {
    json!({"user": user, "amount": {"value": 9.99, "currency": "EUR"}, "description": "a book"})
}

pub async fn placed(orders: &Serving, user: &str) -> String {
    let (status, order) = orders.post("/v1/orders", book(user)).await;
    assert_eq!((status, &order["state"]), (201, &json!("PLACED")), "{order}");
    order["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placed_order_is_shown_and_told_of() {
    for engine in engines() {
        let home = Home::new();
        let orders = Team::Orders.start(&home, engine, vec![]);
        let user = uuid();
        let id = placed(&orders, &user).await;
        let order = orders.get(&format!("/v1/orders/{id}")).await;
        assert_eq!(
            (&order["user"], &order["amount"]),
            (&json!(user), &json!({"value": 9.99, "currency": "EUR"}))
        );
        let [(kind, version, data)] = told(&orders.db, &id).try_into().unwrap();
        assert_eq!((kind.as_str(), version), ("order.placed.v1", 1));
        let said = json!({"order": id, "user": user, "amount": {"value": 9.99, "currency": "EUR"},
            "description": "a book", "state": "PLACED"});
        assert_eq!(data, said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancellation_is_asked_for_once_however_often() {
    for engine in engines() {
        let home = Home::new();
        let orders = Team::Orders.start(&home, engine, vec![]);
        let id = placed(&orders, &uuid()).await;
        let path = format!("/v1/orders/{id}/cancel");
        let rivals = (0..8).map(|_| orders.ask("POST", &path, "", None));
        for (status, order) in futures_util::future::join_all(rivals).await {
            assert_eq!((status, &order["state"]), (200, &json!("CANCELLING")), "{order}");
        }
        let kinds: Vec<_> =
            told(&orders.db, &id).into_iter().map(|(kind, version, _)| (kind, version)).collect();
        assert_eq!(kinds, [("order.placed.v1".to_owned(), 1), ("order.cancel_requested.v1".to_owned(), 2)]);
        let missing = orders.ask("POST", &format!("/v1/orders/{}/cancel", uuid()), "", None).await;
        assert_eq!(missing.0, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_of_a_user_and_of_a_state() {
    for engine in engines() {
        let home = Home::new();
        let orders = Team::Orders.start(&home, engine, vec![]);
        let (ada, ben) = (uuid(), uuid());
        let (first, second, other) =
            (placed(&orders, &ada).await, placed(&orders, &ada).await, placed(&orders, &ben).await);
        assert_eq!(orders.ask("POST", &format!("/v1/orders/{second}/cancel"), "", None).await.0, 200);
        let ids = async |query: &str| -> Vec<String> {
            let page = orders.get(&format!("/v1/orders{query}")).await;
            let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}")).clone();
            items.iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids("").await, [first.clone(), second.clone(), other.clone()]);
        assert_eq!(ids(&format!("?user={ada}")).await, [first.clone(), second.clone()]);
        assert_eq!(ids("?state=CANCELLING").await, [second.as_str()]);
        assert_eq!(ids(&format!("?user={ada}&state=PLACED")).await, [first.as_str()]);
        assert_eq!(ids(&format!("?limit=1&cursor={first}&user={ada}")).await, [second]);
        assert_eq!(ids(&format!("?user={}", uuid())).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_told_of_is_not_placed_either() {
    for engine in engines() {
        let home = Home::new();
        let orders = Team::Orders.start(&home, engine, vec![]);
        placed(&orders, &uuid()).await;
        crate::rows::execute(&orders.db, "ALTER TABLE outbox RENAME TO away");
        assert_eq!(orders.post("/v1/orders", book(&uuid())).await.0, 500);
        assert_eq!(number(&orders.db, "SELECT COUNT(*) AS n FROM orders"), 1);
    }
}
