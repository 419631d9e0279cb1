//! Accounts with the provider: opened once, filled once per deposit, never below zero.

use serde_json::{Value, json};
use testkit::{Options, Stack, engines};

use crate::caller::{get, post};

const ACCOUNTS: &str = "/pp/rest/v1/accounts";

async fn open(stack: &Stack, customer: &str, balance: i64) {
    let opened = post(stack, ACCOUNTS, json!({"customer": customer, "currency": "EUR"})).await;
    assert_eq!(opened.0, 201, "{opened:?}");
    if balance > 0 {
        let (status, answer) = deposit(stack, customer, "first", balance).await;
        assert_eq!((status, &answer["account"]["balance"]), (200, &json!(balance)));
    }
}

async fn deposit(stack: &Stack, customer: &str, key: &str, amount: i64) -> (u16, Value) {
    let body = json!({"key": key, "amount": amount, "currency": "EUR"});
    post(stack, &format!("{ACCOUNTS}/{customer}/deposits"), body).await
}

async fn balance(stack: &Stack, customer: &str) -> i64 {
    let (status, account) = get(stack, &format!("{ACCOUNTS}/{customer}")).await;
    assert_eq!(status, 200, "{account}");
    account["balance"].as_i64().unwrap()
}

fn item(invoice: &str, attempt: u32, customer: &str, amount: i64) -> Value {
    json!({"key": format!("{invoice}:{attempt}"), "invoice": invoice, "customer": customer,
           "amount": amount, "currency": "EUR", "method": "wallet"})
}

async fn charge(stack: &Stack, items: &[Value]) -> Vec<String> {
    let (status, answer) = post(stack, "/pp/rest/v1/charges", json!({"items": items})).await;
    assert_eq!(status, 200, "{answer}");
    let verdict = |result: &Value| result["verdict"].as_str().unwrap().to_owned();
    answer["results"].as_array().unwrap().iter().map(verdict).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_opened_once_and_in_one_currency() {
    for engine in engines() {
        let stack = Stack::start(engine, Options::default());
        open(&stack, "c", 0).await;
        let (status, again) = post(&stack, ACCOUNTS, json!({"customer": "c", "currency": "EUR"})).await;
        assert_eq!((status, &again["balance"]), (200, &json!(0)));
        let (status, other) = post(&stack, ACCOUNTS, json!({"customer": "c", "currency": "USD"})).await;
        assert_eq!((status, &other["errors"][0]["field"]), (409, &json!("currency")));
        assert_eq!(get(&stack, &format!("{ACCOUNTS}/nobody")).await.0, 404);
        for bad in [json!({"customer": "", "currency": "EUR"}), json!({"customer": "a b", "currency": "EUR"})]
        {
            assert_eq!(post(&stack, ACCOUNTS, bad).await.0, 422);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_is_made_once_per_key() {
    for engine in engines() {
        let stack = Stack::start(engine, Options::default());
        open(&stack, "c", 500).await;
        let (status, again) = deposit(&stack, "c", "first", 500).await;
        assert_eq!((status, &again["replayed"], balance(&stack, "c").await), (200, &json!(true), 500));
        let (status, reused) = deposit(&stack, "c", "first", 501).await;
        assert_eq!((status, &reused["type"]), (422, &json!("urn:antaeus:problem:key-reused")));
        for (amount, key) in [(0, "k"), (-1, "k"), (i64::MAX, "k"), (1, "")] {
            assert_eq!(deposit(&stack, "c", key, amount).await.0, 422, "{amount} {key:?}");
        }
        assert_eq!(deposit(&stack, "nobody", "k", 1).await.0, 404);
        let dollars = json!({"key": "k", "amount": 1, "currency": "USD"});
        assert_eq!(post(&stack, &format!("{ACCOUNTS}/c/deposits"), dollars).await.0, 422);
        open(&stack, "d", 0).await;
        assert_eq!(deposit(&stack, "d", "first", 7).await.0, 200, "keys belong to an account");
        assert_eq!((balance(&stack, "c").await, balance(&stack, "d").await), (500, 7));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_pays_as_far_as_it_goes_and_once_per_invoice() {
    for engine in engines() {
        let stack = Stack::start(engine, Options::default());
        open(&stack, "c", 100).await;
        let batch =
            [item("a", 1, "c", 60), item("b", 1, "c", 60), item("d", 1, "c", 40), item("e", 1, "nobody", 1)];
        let verdicts = charge(&stack, &batch).await;
        assert_eq!(verdicts, ["captured", "declined", "captured", "unknown_customer"]);
        assert_eq!(balance(&stack, "c").await, 0);
        assert_eq!(charge(&stack, &batch).await, verdicts, "the same keys have the same verdicts");
        assert_eq!(charge(&stack, &[item("a", 2, "c", 60)]).await, ["already_captured"]);
        deposit(&stack, "c", "second", 60).await;
        assert_eq!(charge(&stack, &[item("b", 1, "c", 60)]).await, ["declined"], "a verdict is for ever");
        // A replay in front of a new charge takes nothing from it.
        assert_eq!(
            charge(&stack, &[item("a", 1, "c", 60), item("b", 2, "c", 60)]).await,
            ["captured", "captured"]
        );
        let mut dollars = item("f", 1, "c", 1);
        dollars["currency"] = json!("USD");
        assert_eq!(charge(&stack, &[dollars]).await, ["currency_mismatch"]);
        assert_eq!(balance(&stack, "c").await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rivals_on_the_same_wallets_never_take_more_than_there_is() {
    for engine in engines() {
        let stack = Stack::start(engine, Options::default());
        for customer in ["x", "y"] {
            open(&stack, customer, 1_000).await;
        }
        let batch = |turn: usize| {
            let mut items: Vec<Value> = (0..20)
                .map(|n| {
                    item(&format!("i{}", (turn * 7 + n) % 60), 1, if n % 2 == 0 { "x" } else { "y" }, 90)
                })
                .collect();
            items.rotate_left(turn);
            items
        };
        let rivals: Vec<Vec<Value>> = (0..12).map(batch).collect();
        futures_util::future::join_all(rivals.iter().map(|items| charge(&stack, items))).await;
        for customer in ["x", "y"] {
            // Each has invoices enough to be emptied to the last 90.
            assert_eq!(balance(&stack, customer).await, 1_000 % 90, "{customer}");
        }
        let report = antaeusctl::verify::verify(&stack.invoices_db, &stack.provider_db, true).unwrap();
        let ledger: Vec<_> =
            report.findings.iter().filter(|f| f.invariant == "I4" || f.invariant == "I1").collect();
        assert!(ledger.is_empty(), "{ledger:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_and_accounts_come_in_pages() {
    for engine in engines() {
        let stack = Stack::start(engine, Options::default());
        for customer in ["a", "b", "c"] {
            open(&stack, customer, 100).await;
        }
        charge(&stack, &[item("i1", 1, "b", 30)]).await;
        charge(&stack, &[item("i2", 1, "b", 20)]).await;
        let (mut cursor, mut seen) = (String::new(), Vec::new());
        loop {
            let (_, page) = get(&stack, &format!("{ACCOUNTS}/b/entries?limit=1{cursor}")).await;
            let entry = &page["items"][0];
            seen.push((entry["kind"].clone(), entry["reference"].clone(), entry["amount"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={}", next.replace(' ', "%20"));
        }
        let wanted = [("deposit", "first", 100), ("capture", "i1", -30), ("capture", "i2", -20)];
        assert_eq!(
            seen,
            wanted.map(|(kind, reference, amount)| (json!(kind), json!(reference), json!(amount)))
        );
        let (_, first) = get(&stack, &format!("{ACCOUNTS}?limit=2")).await;
        assert_eq!((&first["items"][1]["customer"], &first["next_cursor"]), (&json!("b"), &json!("b")));
        let (_, last) = get(&stack, &format!("{ACCOUNTS}?limit=2&cursor=b")).await;
        assert_eq!((&last["items"][0]["customer"], &last["next_cursor"]), (&json!("c"), &Value::Null));
    }
}
