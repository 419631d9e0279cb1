//! Users who register, pay in, order and now and then think better of it. Who gets no answer asks again with the same
//! key, as any careful caller does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contracts::Money;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::market::Market;
use super::outcome::Outcome;

const BUYERS: usize = 20;
/// Buyers at a time.
const CROWD: usize = 4;
/// Prices, in cents.
const PRICES: std::ops::RangeInclusive<i64> = 100..=2_000;
/// One order in so many is to be cancelled.
const CANCELS: u32 = 8;
/// Longest wait for an answer that counts.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// Where the public ports are.
#[derive(Clone)]
pub(super) struct Front {
    http: reqwest::Client,
    users: String,
    orders: String,
    invoices: String,
}

struct Buyer {
    user: String,
    customer: i64,
    deposit: i64,
}

/// What was acknowledged.
pub(super) struct Bought {
    front: Front,
    buyers: Vec<Buyer>,
    /// Who ordered, and for how many cents, by the order's id.
    pub(super) orders: BTreeMap<String, (String, i64)>,
}

pub(super) struct Buying(JoinHandle<Bought>);

impl Buying {
    /// So many orders by all buyers together, who have money for about half of them.
    pub(super) fn start(front: Front, orders: usize, seed: u64) -> Self {
        Self(tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(seed);
            let each = i64::try_from(orders / BUYERS + 1).expect("a small number");
            let deposit = each * i64::midpoint(*PRICES.start(), *PRICES.end()) / 2;
            let registering = (0..BUYERS).map(|_| front.buyer(deposit, random.random()));
            let buyers = futures_util::future::join_all(registering).await;
            let users: Vec<String> = buyers.iter().map(|buyer| buyer.user.clone()).collect();
            let parts = (0..CROWD).map(|part| {
                let share = orders / CROWD + usize::from(part < orders % CROWD);
                tokio::spawn(front.clone().order(users.clone(), share, random.random()))
            });
            let (parts, mut orders): (Vec<_>, _) = (parts.collect(), BTreeMap::new());
            for part in parts {
                orders.extend(part.await.expect("a buyer"));
            }
            Bought { front, buyers, orders }
        }))
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_finished()
    }

    pub(super) async fn over(self) -> Bought {
        self.0.await.expect("buyers")
    }
}

impl Front {
    pub(super) fn new(market: &Market<'_>) -> Self {
        let url = |name| market.url(name);
        let (users, orders, invoices) = (url("users"), url("orders"), url("invoice-app"));
        Self { http: market.http.clone(), users, orders, invoices }
    }

    /// Asks until the answer has one of these statuses.
    async fn insist(&self, fine: &[u16], request: impl Fn() -> RequestBuilder) -> Value {
        let begun = Instant::now();
        loop {
            if let Ok(answer) = request().send().await {
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap_or_default();
                assert!(fine.contains(&status) || status >= 500, "{status}: {text}");
                if let (true, Ok(body)) = (fine.contains(&status), serde_json::from_str(&text)) {
                    return body;
                }
            }
            assert!(begun.elapsed() < PATIENCE, "no answer within {PATIENCE:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn post(&self, url: String, key: u64, body: &Value) -> Value {
        let request = || self.http.post(&url).header("Idempotency-Key", key.to_string()).json(body);
        self.insist(&[200, 201], request).await
    }

    async fn buyer(&self, deposit: i64, key: u64) -> Buyer {
        let ada = json!({"name": "Ada", "email": "ada@example.org", "currency": "EUR"});
        let user = self.post(format!("{}/v1/users", self.users), key, &ada).await;
        let user = user["id"].as_str().expect("an id").to_owned();
        let found = format!("{}/v1/customers?user={user}", self.invoices);
        let begun = Instant::now();
        let customer = loop {
            let page = self.insist(&[200], || self.http.get(&found)).await;
            if let Some(customer) = page["items"][0]["id"].as_i64() {
                break customer;
            }
            assert!(begun.elapsed() < PATIENCE, "{user} is no customer within {PATIENCE:?}");
            tokio::time::sleep(LOOK).await;
        };
        let to = format!("{}/v1/customers/{customer}/deposits", self.invoices);
        self.post(to, key, &json!({"amount": amount(deposit)})).await;
        Buyer { user, customer, deposit }
    }

    async fn order(self, users: Vec<String>, orders: usize, seed: u64) -> Vec<(String, (String, i64))> {
        let (mut random, mut placed) = (StdRng::seed_from_u64(seed), Vec::new());
        while placed.len() < orders {
            let (user, price) = (&users[random.random_range(0..users.len())], random.random_range(PRICES));
            let body = json!({"user": user, "amount": amount(price), "description": "a book"});
            let order = self.post(format!("{}/v1/orders", self.orders), random.random(), &body).await;
            let id = order["id"].as_str().expect("an id").to_owned();
            if random.random_range(0..CANCELS) == 0 {
                tokio::time::sleep(Duration::from_millis(random.random_range(0..15))).await;
                let to = format!("{}/v1/orders/{id}/cancel", self.orders);
                self.insist(&[200, 409], || self.http.post(&to)).await;
            }
            placed.push((id, (user.clone(), price)));
        }
        placed
    }

    async fn balance(&self, customer: i64) -> i64 {
        let url = format!("{}/v1/customers/{customer}/account", self.invoices);
        let account = self.insist(&[200], || self.http.get(&url)).await;
        let eur = "EUR".parse().expect("a currency");
        Money::parse(&account["balance"]["value"].to_string(), eur).expect("money").minor
    }
}

fn amount(cents: i64) -> Value {
    let value: Value =
        serde_json::from_str(&format!("{}.{:02}", cents / 100, cents % 100)).expect("a number");
    json!({"value": value, "currency": "EUR"})
}

impl Bought {
    /// Each balance is what was paid in without what was bought.
    pub(super) async fn accounts_hold(&self, outcome: &Outcome) {
        for Buyer { user, customer, deposit } in &self.buyers {
            let left = self.front.balance(*customer).await;
            assert_eq!(left, deposit - outcome.spent_by(user), "balance of {user}");
        }
    }
}
