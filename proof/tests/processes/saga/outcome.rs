//! What became of all orders, by the rows of each service.

use std::collections::BTreeMap;

use antaeusctl::verify::Finding;
use proof::invariants::broken;

use super::buyers::Bought;
use super::market::Market;
use super::rows::lines;

const ORDERS: &str = "SELECT id || ' ' || user_id || ' ' || amount || ' ' || state AS line FROM orders";
const CAPTURES: &str = "SELECT reference || ' ' || COUNT(*) || ' ' || SUM(amount) AS line FROM transfers
     WHERE kind = 'capture' GROUP BY reference";
const MESSAGES: &str = "SELECT order_id || ' ' || template || ' ' || state AS line FROM notifications";

/// Each order comes to one of these.
const ENDS: [&str; 3] = ["CONFIRMED", "REJECTED", "CANCELLED"];

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    orders: BTreeMap<String, Order>,
    /// How often, and how much, by the order's id.
    captures: BTreeMap<String, (i64, i64)>,
    /// Template and state, by the order's id.
    messages: BTreeMap<String, Vec<(String, String)>>,
    /// E-mails in the folder.
    mails: usize,
    /// What `antaeusctl verify --settled` says.
    findings: Vec<Finding>,
}

#[derive(Debug, PartialEq, Eq)]
struct Order {
    user: String,
    amount: i64,
    state: String,
}

/// The words of each line.
fn words<const N: usize>(market: &Market<'_>, name: &str, sql: &str) -> Vec<[String; N]> {
    let split = |line: &String| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        words.try_into().expect("as many words as were asked for")
    };
    lines(&market.databases[name].open(), sql).iter().map(split).collect()
}

fn whole(text: &str) -> i64 {
    text.parse().expect("a whole number")
}

impl Outcome {
    pub(super) fn read(market: &Market<'_>) -> Self {
        let orders = words(market, "orders", ORDERS).into_iter();
        let orders =
            orders.map(|[id, user, amount, state]| (id, Order { user, amount: whole(&amount), state }));
        let captures = words(market, "payment-provider", CAPTURES).into_iter();
        let captures = captures.map(|[id, count, sum]| (id, (whole(&count), whole(&sum))));
        let mut messages: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for [id, template, state] in words(market, "notifications", MESSAGES) {
            messages.entry(id).or_default().push((template, state));
        }
        let mails = std::fs::read_dir(market.home.path("mail/new")).expect("a folder of e-mails").count();
        let [invoices, provider] =
            ["invoice-app", "payment-provider"].map(|name| market.databases[name].open());
        let findings = broken(&invoices, &provider);
        Self { orders: orders.collect(), captures: captures.collect(), messages, mails, findings }
    }

    /// What was acknowledged is there and nothing else; each order is captured once or not at all, and told of once.
    pub(super) fn holds(&self, bought: &Bought) {
        let there = self.orders.iter().map(|(id, order)| (id, (&order.user, order.amount)));
        let acknowledged = bought.orders.iter().map(|(id, (user, amount))| (id, (user, *amount)));
        assert!(there.eq(acknowledged), "as many orders as were acknowledged, as they were");
        for (id, order) in &self.orders {
            assert!(ENDS.contains(&order.state.as_str()), "{id}: {order:?}");
            let captured = (order.state == "CONFIRMED").then_some((1, order.amount));
            assert_eq!(self.captures.get(id).copied(), captured, "captures of {id}: {order:?}");
            let template = format!("order.{}", order.state.to_lowercase());
            let told = self.messages.get(id).map_or(&[][..], Vec::as_slice);
            assert_eq!(told, [(template, "SENT".to_owned())], "messages about {id}: {order:?}");
        }
        let known = |id: &&String| self.orders.contains_key(*id);
        assert!(self.captures.keys().all(|id| known(&id)) && self.messages.keys().all(|id| known(&id)));
        assert_eq!(self.mails, self.orders.len(), "an e-mail for each order");
        assert_eq!(self.findings, vec![]);
        for state in ENDS {
            assert!(self.count(state) > 0, "{}: nothing was proved about the others", self.tally());
        }
    }

    /// Cents that a user's confirmed orders cost.
    pub(super) fn spent_by(&self, user: &str) -> i64 {
        let confirmed = self.orders.values().filter(|order| order.user == user && order.state == "CONFIRMED");
        confirmed.map(|order| order.amount).sum()
    }

    fn count(&self, state: &str) -> usize {
        self.orders.values().filter(|order| order.state == state).count()
    }

    pub(super) fn tally(&self) -> String {
        let [paid, rejected, cancelled] = ENDS.map(|state| self.count(state));
        let all = self.orders.len();
        format!("{all} orders, {paid} confirmed, {rejected} rejected, {cancelled} cancelled, each told once,")
    }
}
