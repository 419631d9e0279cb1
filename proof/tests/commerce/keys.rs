//! API keys: every endpoint has its unauthorised case, and shows a user nothing but its own.

use contracts::event::Kind;
use events::Consumer;
use serde_json::{Value, json};
use service::routes::{Access, Endpoint};
use testkit::commerce::Variables;
use testkit::{Engine, Home, Serving, Team, engines};

use crate::notifying::{consumer, order, registered};
use crate::placing::book;
use crate::told::uuid;

const ALL: [Team; 3] = [Team::Users, Team::Orders, Team::Notifications];

fn endpoints(team: Team) -> Vec<Endpoint> {
    match team {
        Team::Users => users::routes::routes().endpoints(),
        Team::Orders => orders::routes::routes().endpoints(),
        Team::Notifications => notifications::routes::routes().endpoints(),
    }
}

fn keyed(home: &Home) -> Variables {
    vec![("AUTH", "keys".into()), ("API_JWKS_FILE", home.text("keys/operator/jwks.json"))]
}

fn key(home: &Home, sub: &str, scope: &str) -> String {
    let file = home.text("keys/operator/private.pem");
    home.run(&["keys", "issue", "--key", &file, "--sub", sub, "--scope", scope, "--days", "1"])
}

fn path(endpoint: &Endpoint, id: &str) -> String {
    endpoint.path.replace("{id}", id)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_endpoint_is_open_without_a_key_of_its_scope() {
    let home = Home::new();
    let every = "users:read,users:write,orders:read,orders:write,notifications:read";
    let foreign = key(&Home::new(), "team:commerce", every);
    let unrelated = key(&home, "team:commerce", "invoices:read");
    let mut guarded = 0;
    for team in ALL {
        let service = team.start(&home, Engine::Sqlite, keyed(&home));
        for endpoint in endpoints(team) {
            let (Access::Key(scope) | Access::Own(scope)) = endpoint.access else {
                panic!("{} {} is open to everybody", endpoint.method, endpoint.path)
            };
            guarded += 1;
            let (method, path) = (endpoint.method.as_str(), path(&endpoint, &uuid()));
            let encoded = path.replacen("/v1/", "/%761/", 1);
            for (spelt, shown, status) in [
                (&path, "", 401),
                (&encoded, "", 401),
                (&path, "no.good.key", 401),
                (&path, foreign.as_str(), 401),
                (&path, unrelated.as_str(), 403),
            ] {
                let seen = service.ask(method, spelt, shown, None).await.0;
                assert_eq!(seen, status, "{method} {spelt} with {shown:?}");
            }
            let good = key(&home, "team:commerce", scope.as_str());
            let seen = service.ask(method, &path, &good, None).await.0;
            assert!([200, 404, 415, 400].contains(&seen), "{method} {path}: {seen}");
        }
    }
    assert_eq!(guarded, 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_opens_no_writing() {
    let home = Home::new();
    let reader = key(&home, "team:commerce", "users:read,orders:read,notifications:read");
    for team in ALL {
        let service = team.start(&home, Engine::Sqlite, keyed(&home));
        for endpoint in endpoints(team).iter().filter(|endpoint| endpoint.method == "POST") {
            let seen = service.ask("POST", &path(endpoint, &uuid()), &reader, None).await.0;
            assert_eq!(seen, 403, "{}", endpoint.path);
        }
    }
}

/// Two users who both ordered and were written to, and the keys of one of them.
struct Shop {
    home: Home,
    users: Serving,
    orders: Serving,
    notifications: Serving,
    ada: String,
    ben: String,
    order_of_ben: String,
}

impl Shop {
    async fn stocked(engine: Engine) -> Self {
        let home = Home::new();
        let [users, orders, notifications] = ALL.map(|team| team.start(&home, engine, keyed(&home)));
        let team = key(&home, "team:commerce", "users:write,orders:write");
        let mut made = Vec::new();
        for name in ["Ada", "Ben"] {
            let body = json!({"name": name, "email": "x@example.org", "currency": "EUR"});
            let (status, user) = users.ask("POST", "/v1/users", &team, Some(body)).await;
            assert_eq!(status, 201, "{user}");
            let user = user["id"].as_str().unwrap().to_owned();
            let (status, placed) = orders.ask("POST", "/v1/orders", &team, Some(book(&user))).await;
            assert_eq!(status, 201, "{placed}");
            let placed = placed["id"].as_str().unwrap().to_owned();
            let events =
                vec![registered(&user, name, "en"), order(Kind::OrderConfirmed, &placed, &user, None)];
            consumer(&notifications).consume(events).await;
            made.push((user, placed));
        }
        let [(ada, _), (ben, order_of_ben)] = made.try_into().unwrap();
        Self { home, users, orders, notifications, ada, ben, order_of_ben }
    }

    fn key(&self, user: &str, scope: &str) -> String {
        key(&self.home, &format!("user:{user}"), scope)
    }
}

fn ids(page: &Value) -> usize {
    page["items"].as_array().unwrap_or_else(|| panic!("{page}")).len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_its_own_and_a_team_sees_all() {
    for engine in engines() {
        let shop = Shop::stocked(engine).await;
        let reading = "users:read,orders:read,notifications:read";
        let (ada, team) = (shop.key(&shop.ada, reading), key(&shop.home, "team:support", reading));
        for (service, list) in [
            (&shop.users, "/v1/users"),
            (&shop.orders, "/v1/orders"),
            (&shop.notifications, "/v1/notifications"),
        ] {
            let (_, own) = service.ask("GET", list, &ada, None).await;
            let (_, all) = service.ask("GET", list, &team, None).await;
            assert_eq!((ids(&own), ids(&all)), (1, 2), "{list}");
            let whose = if list == "/v1/users" { "id" } else { "user" };
            assert_eq!(own["items"][0][whose], json!(shop.ada), "{list}");
            let mine = own["items"][0]["id"].as_str().unwrap();
            assert_eq!(service.ask("GET", &format!("{list}/{mine}"), &ada, None).await.0, 200, "{list}");
            // Somebody else's is as good as missing, word for word.
            let ids_of_all = all["items"].as_array().unwrap();
            let other = ids_of_all.iter().find(|item| item[whose] == json!(shop.ben)).unwrap();
            let other = other["id"].as_str().unwrap();
            let said = async |id: &str| {
                let (status, problem) = service.ask("GET", &format!("{list}/{id}"), &ada, None).await;
                (status, problem["detail"].clone(), problem["type"].clone())
            };
            assert_eq!(said(other).await, said(&uuid()).await, "{list}");
            assert_eq!(said(other).await.0, 404, "{list}");
        }
        let (_, asked) = shop.orders.ask("GET", &format!("/v1/orders?user={}", shop.ben), &ada, None).await;
        assert_eq!(ids(&asked), 0);
        let (_, asked) = shop
            .notifications
            .ask("GET", &format!("/v1/notifications?order={}", shop.order_of_ben), &ada, None)
            .await;
        assert_eq!(ids(&asked), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_orders_and_cancels_for_itself_alone() {
    for engine in engines() {
        let shop = Shop::stocked(engine).await;
        let ada = shop.key(&shop.ada, "orders:write,orders:read");
        let mut own = book(&shop.ada);
        assert_eq!(shop.orders.ask("POST", "/v1/orders", &ada, Some(own.clone())).await.0, 201);
        own.as_object_mut().unwrap().remove("user");
        let (status, placed) = shop.orders.ask("POST", "/v1/orders", &ada, Some(own)).await;
        assert_eq!((status, &placed["user"]), (201, &json!(shop.ada)));
        let (status, problem) = shop.orders.ask("POST", "/v1/orders", &ada, Some(book(&shop.ben))).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (403, &json!("user")), "{problem}");
        let cancel = |id: &str| format!("/v1/orders/{id}/cancel");
        assert_eq!(shop.orders.ask("POST", &cancel(&shop.order_of_ben), &ada, None).await.0, 404);
        let mine = placed["id"].as_str().unwrap();
        assert_eq!(shop.orders.ask("POST", &cancel(mine), &ada, None).await.0, 200);
        let team = key(&shop.home, "team:commerce", "orders:read");
        let bens = shop.orders.ask("GET", &format!("/v1/orders/{}", shop.order_of_ben), &team, None).await;
        assert_eq!(bens.1["state"], "PLACED");
        // Users register nobody.
        let file = shop.home.text("keys/operator/private.pem");
        let sub = format!("user:{}", shop.ada);
        let refused = std::panic::catch_unwind(|| {
            shop.home.run(&["keys", "issue", "--key", &file, "--sub", &sub, "--scope", "users:write"])
        });
        assert!(refused.is_err(), "a user's key that registers users was issued");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_with_our_mail_server_is_for_teams() {
    let shop = Shop::stocked(Engine::Sqlite).await;
    crate::rows::execute(
        &shop.notifications.db,
        "UPDATE notifications SET last_error = 'smtp.internal refused'",
    );
    let ada = shop.key(&shop.ada, "notifications:read");
    let team = key(&shop.home, "team:support", "notifications:read");
    let seen =
        async |key: &str| shop.notifications.ask("GET", "/v1/notifications", key, None).await.1.to_string();
    assert!(!seen(&ada).await.contains("smtp.internal"));
    assert!(seen(&team).await.contains("smtp.internal"));
}
