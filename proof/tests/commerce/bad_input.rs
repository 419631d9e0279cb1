//! Bad input at every endpoint: a 4xx that names the field, never a 5xx, and no row changed.

use serde_json::{Value, json};
use testkit::{Home, Serving, Team, engines};

use crate::placing::{book, placed};
use crate::rows;
use crate::told::uuid;

/// Body, status, field.
type Body = (&'static str, u16, &'static str);

const USERS: &[Body] = &[
    (r#"{"email":"a@x.org","currency":"EUR"}"#, 422, "name"),
    (r#"{"name":"","email":"a@x.org","currency":"EUR"}"#, 422, "name"),
    (r#"{"name":"A\r\nBcc: e@x.org","email":"a@x.org","currency":"EUR"}"#, 422, "name"),
    (r#"{"name":"A\u0000","email":"a@x.org","currency":"EUR"}"#, 422, "name"),
    (r#"{"name":"A","email":"a@b@c","currency":"EUR"}"#, 422, "email"),
    (r#"{"name":"A","email":"a@x.org\nBcc: e@x.org","currency":"EUR"}"#, 422, "email"),
    (r#"{"name":"A","email":7,"currency":"EUR"}"#, 422, "email"),
    (r#"{"name":"A","email":"a@x.org","currency":"EUX"}"#, 422, "currency"),
    (r#"{"name":"A","email":"a@x.org","currency":"EUR","locale":"tlh"}"#, 422, "locale"),
    (r#"{"name":"A","email":"a@x.org","currency":"EUR","time_zone":"Mars/Base"}"#, 422, "time_zone"),
    (r#"{"name":"A","email":"a@x.org","currency":"EUR","admin":true}"#, 422, "admin"),
    (r#"{"name":"A","name":"B","email":"a@x.org","currency":"EUR"}"#, 422, "name"),
    ("[]", 422, ""),
    ("{", 400, ""),
    ("", 400, ""),
];

const ORDERS: &[Body] = &[
    (r#"{"amount":{"value":1,"currency":"EUR"},"description":"x"}"#, 422, "user"),
    (r#"{"user":"42","amount":{"value":1,"currency":"EUR"},"description":"x"}"#, 422, "user"),
    (r#"{"user":"U","description":"x"}"#, 422, "amount"),
    (r#"{"user":"U","amount":{"value":0,"currency":"EUR"},"description":"x"}"#, 422, "amount.value"),
    (r#"{"user":"U","amount":{"value":-1,"currency":"EUR"},"description":"x"}"#, 422, "amount.value"),
    (r#"{"user":"U","amount":{"value":1.001,"currency":"EUR"},"description":"x"}"#, 422, "amount"),
    (r#"{"user":"U","amount":{"value":1e400,"currency":"EUR"},"description":"x"}"#, 422, "amount"),
    (r#"{"user":"U","amount":{"value":"1","currency":"EUR"},"description":"x"}"#, 422, "amount"),
    (r#"{"user":"U","amount":{"value":1,"currency":"eur"},"description":"x"}"#, 422, "amount.currency"),
    (r#"{"user":"U","amount":{"value":1,"currency":"EUR"},"description":""}"#, 422, "description"),
    (r#"{"user":"U","amount":{"value":1,"currency":"EUR"},"description":"a\nb"}"#, 422, "description"),
    (r#"{"user":"U","amount":{"value":1,"currency":"EUR"},"description":"x","state":"PAID"}"#, 422, "state"),
    ("{}{}", 422, ""),
    ("", 400, ""),
];

/// Path, status, field.
const QUERIES: &[(Team, &str, u16, &str)] = &[
    (Team::Users, "/v1/users?limit=0", 400, "limit"),
    (Team::Users, "/v1/users?limit=1001", 400, "limit"),
    (Team::Users, "/v1/users?cursor=1", 400, "cursor"),
    (Team::Users, "/v1/users?name=Ada", 400, "name"),
    (Team::Users, "/v1/users/1", 400, "id"),
    (Team::Users, "/v1/users/%27%20OR%201", 400, "id"),
    (Team::Users, "/v1/users/0193b0a0-0000-7000-8000-000000000001", 404, ""),
    (Team::Orders, "/v1/orders?state=PAID", 400, "state"),
    (Team::Orders, "/v1/orders?limit=ten", 400, "limit"),
    (Team::Orders, "/v1/orders?cursor=%FF", 400, "cursor"),
    (Team::Orders, "/v1/orders?page=2", 400, "page"),
    (Team::Orders, "/v1/orders/one", 400, "id"),
    (Team::Orders, "/v1/orders/0193b0a0-0000-7000-8000-000000000001", 404, ""),
    (Team::Notifications, "/v1/notifications?limit=-1", 400, "limit"),
    (Team::Notifications, "/v1/notifications?template=x", 400, "template"),
    (Team::Notifications, "/v1/notifications/x", 400, "id"),
    (Team::Notifications, "/v1/notifications/0193b0a0-0000-7000-8000-000000000001", 404, ""),
    (Team::Notifications, "/internal/events", 404, ""),
    (Team::Orders, "/internal/events", 404, ""),
    (Team::Users, "/v2/users", 404, ""),
];

fn check(context: &str, (wanted, field): (u16, &str), (status, problem): (u16, Value)) {
    assert_eq!(status, wanted, "{context}: {problem}");
    assert_eq!(problem["status"], wanted, "{context}: {problem}");
    assert!(problem["trace_id"].is_string(), "{context}: {problem}");
    if !field.is_empty() {
        assert_eq!(problem["errors"][0]["field"], field, "{context}: {problem}");
    }
}

async fn post(service: &Serving, path: &str, media_type: &str, body: Vec<u8>) -> (u16, Value) {
    let request = service.http().post(format!("{}{path}", service.url)).header("content-type", media_type);
    let answer = request.body(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_names_its_field_and_changes_no_row() {
    for engine in engines() {
        let home = Home::new();
        let [users, orders, notifications] =
            [Team::Users, Team::Orders, Team::Notifications].map(|team| team.start(&home, engine, vec![]));
        let person = json!({"name": "Ada", "email": "a@x.org", "currency": "EUR"});
        assert_eq!(users.post("/v1/users", person).await.0, 201);
        placed(&orders, &uuid()).await;
        let before = (rows::all(&users.db), rows::all(&orders.db), rows::all(&notifications.db));
        let user = uuid();
        for (service, path, bodies) in [(&users, "/v1/users", USERS), (&orders, "/v1/orders", ORDERS)] {
            for (body, status, field) in bodies {
                let body = body.replace("\"U\"", &format!("\"{user}\""));
                let answer = post(service, path, "application/json", body.clone().into_bytes()).await;
                check(&format!("POST {path} {body}"), (*status, field), answer);
            }
        }
        for (team, path, status, field) in QUERIES {
            let service = match team {
                Team::Users => &users,
                Team::Orders => &orders,
                Team::Notifications => &notifications,
            };
            check(path, (*status, field), service.ask("GET", path, "", None).await);
        }
        assert_eq!((rows::all(&users.db), rows::all(&orders.db), rows::all(&notifications.db)), before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_with_a_user_is_said_at_once() {
    let home = Home::new();
    let users = Team::Users.start(&home, testkit::Engine::Sqlite, vec![]);
    let body = json!({"name": "", "email": "no", "currency": "EUR", "time_zone": "Nowhere"});
    let (_, problem) = users.post("/v1/users", body).await;
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["name", "email", "time_zone"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_methods_media_types_sizes_and_bytes_are_refused() {
    let home = Home::new();
    let orders = Team::Orders.start(&home, testkit::Engine::Sqlite, vec![]);
    placed(&orders, &uuid()).await;
    let before = rows::all(&orders.db);
    let good = book(&uuid()).to_string().into_bytes();
    let json = "application/json";
    assert_eq!(orders.ask("DELETE", "/v1/orders", "", None).await.0, 405);
    assert_eq!(post(&orders, "/v1/orders", "text/plain", good).await.0, 415);
    assert_eq!(post(&orders, "/v1/orders", json, vec![b' '; 1024 * 1024]).await.0, 413);
    assert_eq!(post(&orders, "/v1/orders", json, b"{\"\xff\":1}".to_vec()).await.0, 400);
    assert_eq!(post(&orders, "/v1/orders", json, "[".repeat(10_000).into_bytes()).await.0 / 100, 4);
    assert_eq!(rows::all(&orders.db), before);
}
