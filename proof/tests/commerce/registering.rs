//! Users: registered, told of, shown.

use serde_json::{Value, json};
use testkit::{Home, Serving, Team, engines};

use crate::rows::number;
use crate::told::told;

fn ada() -> Value {
    json!({"name": "Ada Lovelace", "email": "ada@example.org", "currency": "EUR", "locale": "de",
        "time_zone": "Europe/Copenhagen"})
}

async fn keyed(users: &Serving, key: &str, body: &Value) -> (u16, bool, Value) {
    let request = users.http().post(format!("{}/v1/users", users.url)).header("Idempotency-Key", key);
    let answer = request.json(body).send().await.unwrap();
    let replayed = answer.headers().contains_key("idempotency-replayed");
    (answer.status().as_u16(), replayed, answer.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_is_shown_and_told_of_once() {
    for engine in engines() {
        let home = Home::new();
        let users = Team::Users.start(&home, engine, vec![]);
        let (status, user) = users.post("/v1/users", ada()).await;
        let id = user["id"].as_str().unwrap();
        assert_eq!((status, &user["name"], &user["locale"]), (201, &json!("Ada Lovelace"), &json!("de")));
        assert_eq!(users.get(&format!("/v1/users/{id}")).await, user);
        assert_eq!(users.get("/v1/users").await["items"], json!([user]));
        let [(kind, version, data)] = told(&users.db, id).try_into().unwrap();
        assert_eq!((kind.as_str(), version), ("user.registered.v1", 1));
        let said = json!({"user": id, "name": "Ada Lovelace", "email": "ada@example.org", "currency": "EUR",
            "locale": "de", "time_zone": "Europe/Copenhagen"});
        assert_eq!(data, said);
        let plain =
            users.post("/v1/users", json!({"name": "B", "email": "b@x.org", "currency": "JPY"})).await;
        assert_eq!((&plain.1["locale"], &plain.1["time_zone"]), (&json!("en"), &json!("UTC")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_registration_goes_on_in_its_event() {
    let home = Home::new();
    let users = Team::Users.start(&home, testkit::Engine::Sqlite, vec![]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = users.http().post(format!("{}/v1/users", users.url)).json(&ada());
    let request = request.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    assert_eq!(request.send().await.unwrap().status(), 201);
    let sql = format!("SELECT COUNT(*) AS n FROM outbox WHERE traceparent LIKE '00-{trace}-%-01'");
    assert_eq!(number(&users.db, &sql), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_registers_once() {
    for engine in engines() {
        let home = Home::new();
        let users = Team::Users.start(&home, engine, vec![]);
        let (status, replayed, first) = keyed(&users, "k1", &ada()).await;
        assert_eq!((status, replayed), (201, false));
        assert_eq!(keyed(&users, "k1", &ada()).await, (201, true, first.clone()));
        let mut other = ada();
        other["email"] = json!("eve@example.org");
        let (status, _, problem) = keyed(&users, "k1", &other).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!("email")));
        let rivals = (0..8).map(|_| async { keyed(&users, "k2", &ada()).await });
        let answers = futures_util::future::join_all(rivals).await;
        assert!(answers.iter().all(|(status, _, user)| *status == 201 && user["id"] == answers[0].2["id"]));
        assert_eq!(number(&users.db, "SELECT COUNT(*) AS n FROM users"), 2);
        assert_eq!(number(&users.db, "SELECT COUNT(*) AS n FROM outbox"), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_in_the_order_of_time() {
    for engine in engines() {
        let home = Home::new();
        let users = Team::Users.start(&home, engine, vec![]);
        let mut made = Vec::new();
        for _ in 0..7 {
            made.push(users.post("/v1/users", ada()).await.1["id"].clone());
        }
        let (mut path, mut seen, mut pages) = ("/v1/users?limit=3".to_owned(), Vec::new(), 0);
        loop {
            let page = users.get(&path).await;
            seen.extend(page["items"].as_array().unwrap().iter().map(|user| user["id"].clone()));
            pages += 1;
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/v1/users?limit=3&cursor={cursor}");
        }
        assert_eq!((seen, pages), (made, 3));
    }
}
