//! People who register, pay in and order, and a team that bills: what happens every day.

use serde_json::{Value, json};

use crate::stage::Stage;
use crate::until;

/// A user with a customer's account.
pub(crate) struct Customer {
    pub(crate) user: String,
    pub(crate) number: i64,
}

impl Stage {
    /// Status and JSON of a request with the team's key.
    pub(crate) async fn ask(&self, method: &str, at: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.url(at))).bearer_auth(&self.key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    pub(crate) async fn get(&self, at: &str, path: &str) -> Value {
        let (status, body) = self.ask("GET", at, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, at: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask("POST", at, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Registers, and pays in.
    pub(crate) async fn customer(&self, name: &str, email: &str, euros: i64) -> Customer {
        let ada = json!({"name": name, "email": email, "currency": "EUR"});
        let user = self.post("users", "/v1/users", ada).await["id"].as_str().expect("an id").to_owned();
        let found = format!("/v1/customers?user={user}");
        let number = async || self.get("invoice-app", &found).await["items"][0]["id"].as_i64();
        until("the user is a customer", async || number().await.is_some()).await;
        let number = number().await.expect("a customer");
        let deposit = json!({"amount": {"value": euros, "currency": "EUR"}});
        self.post("invoice-app", &format!("/v1/customers/{number}/deposits"), deposit).await;
        Customer { user, number }
    }

    /// Orders for so much; gives the order's id.
    pub(crate) async fn order(&self, user: &str, euros: i64) -> String {
        let body =
            json!({"user": user, "amount": {"value": euros, "currency": "EUR"}, "description": "a book"});
        self.post("orders", "/v1/orders", body).await["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until an order has come to this end, and its user is told.
    pub(crate) async fn ends(&self, order: &str, state: &str) {
        let (path, told) = (format!("/v1/orders/{order}"), format!("/v1/notifications?order={order}"));
        let now = async || self.get("orders", &path).await["state"] == state;
        until(&format!("an order is {state}"), now).await;
        let sent = async || self.get("notifications", &told).await["items"][0]["state"] == "SENT";
        until("its user is told", sent).await;
    }

    /// So many invoices that are due, of a customer who pays by card; gives the customer's number.
    pub(crate) async fn invoices(&self, count: usize) -> i64 {
        let customer = self.post("invoice-app", "/v1/customers", json!({"currency": "DKK"})).await;
        let number = customer["id"].as_i64().expect("a number");
        for _ in 0..count {
            let invoice = json!({"customer_id": number, "amount": {"value": 25, "currency": "DKK"}});
            self.post("invoice-app", "/v1/invoices", invoice).await;
        }
        number
    }

    /// Starts a run over all that is unpaid; gives its number.
    pub(crate) async fn run(&self) -> i64 {
        let run = self.post("invoice-app", "/v1/billing-runs", json!({"scope": "unpaid"})).await;
        run["id"].as_i64().expect("a number")
    }

    pub(crate) async fn run_ends(&self, run: i64) {
        let path = format!("/v1/billing-runs/{run}");
        let ended = async || self.get("invoice-app", &path).await["ended_at"].is_string();
        until("the run ends", ended).await;
    }

    /// A day of which nobody complains.
    pub(crate) async fn a_good_day(&self) {
        for n in 0..3 {
            let customer = self.customer("Ada Lovelace", &format!("ada{n}@example.org"), 100).await;
            for (euros, state) in [(30, "CONFIRMED"), (5, "CONFIRMED"), (500, "REJECTED")] {
                let order = self.order(&customer.user, euros).await;
                self.ends(&order, state).await;
                self.get("orders", &format!("/v1/orders/{order}")).await;
            }
            let order = self.order(&customer.user, 1).await;
            let cancel = format!("/v1/orders/{order}/cancel");
            let status = self.ask("POST", "orders", &cancel, None).await.0;
            assert!([200, 409].contains(&status), "{status}");
            self.get("invoice-app", &format!("/v1/customers/{}/account", customer.number)).await;
            self.get("users", &format!("/v1/users/{}", customer.user)).await;
        }
        let lists = [
            ("users", "/v1/users"),
            ("orders", "/v1/orders"),
            ("notifications", "/v1/notifications"),
            ("invoice-app", "/v1/invoices"),
            ("invoice-app", "/v1/billing-runs"),
            ("invoice-app", "/v1/captures"),
            ("invoice-app", "/v1/reconciliation"),
        ];
        for (at, path) in lists {
            self.get(at, path).await;
        }
    }
}
