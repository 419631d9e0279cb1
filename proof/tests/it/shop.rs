//! invoice-app with those who order from it and those who hear of it.

use contracts::event::{Data, Envelope, Event, Kind, Order, OrderState, Outcome, Receipt, UserRegistered};
use contracts::{Amount, Money};
use serde_json::json;
use testkit::events::{Heard, Listener, Teller, envelope};
use testkit::{Engine, Options, Stack};

use crate::runs::{now, until};

/// The services, and the test in the place of users, orders and notifications.
pub struct Shop {
    pub stack: Stack,
    pub users: Teller,
    pub orders: Teller,
    /// What invoice-app tells orders.
    pub told: Heard,
    pub ear: Listener,
}

/// A new UUID.
pub fn uuid() -> String {
    service::id::uuid(now())
}

pub fn eur(text: &str) -> Amount {
    Amount(Money::parse(text, "EUR".parse().unwrap()).unwrap())
}

pub fn user(id: &str) -> Data {
    Data::User(UserRegistered {
        user: id.into(),
        name: "Ada".into(),
        email: "ada@example.org".into(),
        currency: "EUR".parse().unwrap(),
        locale: "en".into(),
        time_zone: "Europe/Berlin".into(),
    })
}

pub fn order(id: &str, user: &str, amount: &str, state: OrderState) -> Data {
    Data::Order(Order {
        order: id.into(),
        user: user.into(),
        amount: eur(amount),
        description: "a book".into(),
        state,
        reason: None,
    })
}

pub fn placed(id: &str, user: &str, amount: &str) -> Envelope {
    envelope(Kind::OrderPlaced, &order(id, user, amount, OrderState::Placed), 1)
}

pub fn cancelled(id: &str, user: &str, amount: &str) -> Envelope {
    envelope(Kind::OrderCancelRequested, &order(id, user, amount, OrderState::Cancelling), 2)
}

/// What became of each event of a delivery.
pub fn outcomes(receipt: &Receipt) -> Vec<Outcome> {
    receipt.results.iter().map(|one| one.outcome).collect()
}

impl Shop {
    /// Opens it; `vars` are further ones of invoice-app.
    pub async fn open(engine: Engine, vars: &[(&'static str, &str)]) -> Self {
        let invoice_app = vars.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let mut stack = Stack::start(engine, Options { invoice_app, ..Options::default() });
        let ear = Listener::start(&stack.home, "orders", "127.0.0.1:0");
        stack.restart_with(&[("EVENTS_TO", &format!("orders={}", ear.url()))]).await;
        let teller = |from| Teller::new(&stack.home, from, "invoice-app", &stack.invoices_events);
        Self { users: teller("users"), orders: teller("orders"), told: ear.heard.clone(), ear, stack }
    }

    /// A user with money on the account; gives the UUID.
    pub async fn user(&self, deposit: &str) -> String {
        let id = uuid();
        let receipt = self.users.tell(&[envelope(Kind::UserRegistered, &user(&id), 1)]).await;
        assert_eq!(outcomes(&receipt), [Outcome::Done], "{receipt:?}");
        let number = self.customer(&id).await;
        let body = format!(r#"{{"amount":{{"value":{deposit},"currency":"EUR"}}}}"#);
        let (status, made) = self.stack.post(&format!("/v1/customers/{number}/deposits"), &body).await;
        assert_eq!(status, 201, "{made}");
        id
    }

    /// The number of a user's customer.
    pub async fn customer(&self, user: &str) -> i64 {
        let page = self.stack.get(&format!("/v1/customers?user={user}")).await;
        let items = page["items"].as_array().unwrap();
        assert_eq!((items.len(), &items[0]["method"]), (1, &json!("wallet")), "{page}");
        assert_eq!(items[0]["uid"], user);
        items[0]["id"].as_i64().unwrap()
    }

    /// What is left on a user's account, in cents.
    pub async fn balance(&self, user: &str) -> i64 {
        let number = self.customer(user).await;
        let account = self.stack.get(&format!("/v1/customers/{number}/account")).await;
        eur(&account["balance"]["value"].to_string()).0.minor
    }

    /// The one event about an invoice that has come to its end.
    pub async fn verdict(&self, order: &str) -> Event {
        until("a verdict is told", || !self.told.about(order).is_empty()).await;
        let mut told = self.told.about(order);
        told.dedup_by(|a, b| a.id == b.id);
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0)
    }
}
