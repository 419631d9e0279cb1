//! Whose rows a key shows, and keys that are good no longer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use service::routes::Access;
use testkit::{Home, Options, Stack, engines};

pub(crate) struct Shop {
    pub(crate) home: Home,
    pub(crate) stack: Stack,
}

impl Shop {
    fn open(engine: testkit::Engine) -> Self {
        let home = Home::new();
        let vars = vec![
            ("AUTH", "keys".to_owned()),
            ("API_JWKS_FILE", home.text("keys/operator/jwks.json")),
            ("REVOCATION_POLL_MS", "100".to_owned()),
        ];
        let stack = Stack::start(engine, Options { invoice_app: vars, ..Options::default() });
        Self { home, stack }
    }

    pub(crate) fn key(&self, sub: &str, scope: &str) -> String {
        let file = self.home.text("keys/operator/private.pem");
        self.home.run(&["keys", "issue", "--key", &file, "--sub", sub, "--scope", scope, "--days", "1"])
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
        let request =
            self.stack.http.request(method.parse().unwrap(), format!("{}{path}", self.stack.invoices));
        let request = request.bearer_auth(key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// Two users with a customer and two invoices each, and a customer of nobody's: ids 1 to 3, invoices 1 to 6.
    pub(crate) async fn stocked(engine: testkit::Engine) -> Self {
        let shop = Self::open(engine);
        let team = shop.key("team:billing", "customers:write,invoices:write");
        for (customer, user) in [(1, json!("42")), (2, json!("43")), (3, Value::Null)] {
            let body = json!({"currency": "EUR", "user": user});
            let made = shop.ask("POST", "/v1/customers", &team, Some(body)).await;
            assert_eq!((made.0, &made.1["id"], &made.1["user"]), (201, &json!(customer), &user));
            for _ in 0..2 {
                let invoice = json!({"customer_id": customer, "amount": {"value": 1, "currency": "EUR"}});
                assert_eq!(shop.ask("POST", "/v1/invoices", &team, Some(invoice)).await.0, 201);
            }
        }
        shop
    }
}

fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_sees_its_own_and_a_team_sees_all() {
    for engine in engines() {
        let shop = Shop::stocked(engine).await;
        let read = "customers:read,invoices:read";
        let (user, team) = (shop.key("user:42", read), shop.key("team:support", read));
        let list = async |path: &str, key: &str| ids(&shop.ask("GET", path, key, None).await.1);
        assert_eq!(list("/v1/customers", &user).await, [1]);
        assert_eq!(list("/v1/invoices", &user).await, [1, 2]);
        assert_eq!(list("/v1/invoices?limit=1&cursor=1", &user).await, [2]);
        assert_eq!(list("/v1/invoices?customer_id=2", &user).await, Vec::<i64>::new());
        assert_eq!(list("/v1/customers?user=43", &user).await, Vec::<i64>::new());
        assert_eq!(list("/v1/customers", &team).await, [1, 2, 3]);
        assert_eq!(list("/v1/customers?user=43", &team).await, [2]);
        assert_eq!(list("/v1/invoices?customer_id=3", &team).await, [5, 6]);
        let (_, page) = shop.ask("GET", "/v1/invoices?limit=1", &user, None).await;
        let (_, last) = shop.ask("GET", "/v1/invoices?limit=1&cursor=1", &user, None).await;
        assert_eq!(
            (&page["next_cursor"], &last["next_cursor"]),
            (&json!("1"), &Value::Null),
            "nothing of others shines through"
        );
    }
}

/// Every endpoint that is open to users, asked by a user who has nothing: a handler that forgets to ask whose the row
/// is fails here.
#[tokio::test(flavor = "multi_thread")]
async fn no_endpoint_for_users_shows_what_is_somebody_elses() {
    for engine in engines() {
        let shop = Shop::stocked(engine).await;
        let mut walked = 0;
        for endpoint in invoice_app::routes::routes().endpoints() {
            let Access::Own(scope) = endpoint.access else { continue };
            walked += 1;
            let stranger = shop.key("user:99", scope.as_str());
            let (method, path) = (endpoint.method.as_str(), endpoint.path);
            let (status, body) = shop.ask(method, &path.replace("{id}", "1"), &stranger, None).await;
            if path.contains("{id}") {
                let missing = shop.ask(method, &path.replace("{id}", "999999"), &stranger, None).await;
                let same = |answer: &Value| {
                    (answer["type"].clone(), answer["detail"].clone(), answer["status"].clone())
                };
                assert_eq!((status, same(&body)), (404, same(&missing.1)), "{method} {path}");
            } else {
                assert_eq!((status, ids(&body)), (200, vec![]), "{method} {path}");
            }
        }
        assert!(walked >= 4, "{walked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_for_teams_is_closed_to_users() {
    for engine in engines() {
        let shop = Shop::stocked(engine).await;
        let user = shop.key("user:42", "customers:read,invoices:read");
        for endpoint in invoice_app::routes::routes().endpoints() {
            let Access::Key(_) = endpoint.access else { continue };
            let path = endpoint.path.replace("{id}", "1");
            let (status, _) = shop.ask(endpoint.method.as_str(), &path, &user, None).await;
            assert_eq!(status, 403, "{} {path}", endpoint.method);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_within_a_look_and_after_a_restart() {
    for engine in engines() {
        let mut shop = Shop::stocked(engine).await;
        let (key, other) = (shop.key("team:a", "invoices:read"), shop.key("team:a", "invoices:read"));
        assert_eq!(shop.ask("GET", "/v1/invoices", &key, None).await.0, 200);
        let file = shop.home.path("key");
        std::fs::write(&file, &key).unwrap();
        let shown = shop.home.run(&["keys", "show", file.to_str().unwrap()]);
        assert!(shown.contains("team:a") && !shown.contains(&key), "{shown}");
        let url = shop.stack.invoices_db_url().to_owned();
        let revoke =
            ["keys", "revoke", "--key-file", file.to_str().unwrap(), "--why", "lost", "--database-url", &url];
        assert!(shop.home.run(&revoke).ends_with(": revoked"));
        assert!(shop.home.run(&revoke).ends_with("revoked before"));
        let deadline = Instant::now() + Duration::from_secs(5);
        while shop.ask("GET", "/v1/invoices", &key, None).await.0 != 401 {
            assert!(Instant::now() < deadline, "the key is still good");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(shop.ask("GET", "/v1/invoices", &other, None).await.0, 200, "only that key");
        let metrics =
            shop.stack.http.get(format!("{}/metrics", shop.stack.invoices_admin)).send().await.unwrap();
        assert!(metrics.text().await.unwrap().contains("reason=\"revoked\"} 1"));
        shop.stack.restart().await;
        assert_eq!(shop.ask("GET", "/v1/invoices", &key, None).await.0, 401, "after a restart");
    }
}
