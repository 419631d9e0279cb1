//! The ledger: nothing in it is ever changed, and whatever is asked of it adds up.

use std::collections::HashMap;

use antaeusctl::verify::verify;
use contracts::account::Deposit;
use contracts::charge::{ChargeItem, Method, Verdict};
use db::Db;
use diesel::prelude::*;
use payment_provider::domain::charge::{Asked, Decision};
use payment_provider::flows::{abandon_charge, charge_batch, make_deposit, open_account};
use payment_provider::store::captures::ANTAEUS;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use testkit::{Database, Home, engines};

const CUSTOMERS: [&str; 3] = ["a", "b", "c"];

fn execute(db: &Db, sql: &'static str) -> Result<usize, db::StoreError> {
    db.write_blocking(|conn| Ok(diesel::sql_query(sql).execute(conn)?))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_or_moved_cannot_be_changed_or_deleted() {
    for engine in engines() {
        let home = Home::new();
        let database = Database::fresh(&home, engine, "ledger", payment_provider::store::MIGRATIONS);
        let db = database.open();
        let asked = vec![card("a:1", "a", 5)];
        charge_batch::charge_batch(&db, asked, ANTAEUS, 1).await.unwrap();
        for sql in [
            "UPDATE charges SET amount = 1",
            "UPDATE transfers SET amount = 1",
            "DELETE FROM charges",
            "DELETE FROM transfers WHERE amount > 0",
        ] {
            let refused = execute(&db, sql).unwrap_err().to_string();
            assert!(
                refused.contains("append-only") || refused.contains("permission denied"),
                "{sql}: {refused}"
            );
        }
        let sum = crate::rows::number(&db, "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM transfers");
        assert_eq!(sum, 5);
    }
}

fn item(key: &str, invoice: &str, customer: &str, amount: i64, method: Method) -> ChargeItem {
    let (key, invoice, customer) = (key.to_owned(), invoice.to_owned(), customer.to_owned());
    ChargeItem { key, invoice, customer, amount, currency: "EUR".parse().unwrap(), method }
}

fn card(key: &str, invoice: &str, amount: i64) -> Asked {
    Asked { item: item(key, invoice, "a", amount, Method::Card), decision: Some(Decision::Approved) }
}

/// One thing that is asked of the provider.
#[derive(Debug, Clone)]
enum Step {
    Deposit { customer: usize, key: u8, amount: i64 },
    Charge(Vec<(u8, u8, usize, i64, Option<bool>)>),
    Abandon { invoice: u8, attempt: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let charge = (0..6_u8, 1..4_u8, 0..4_usize, 1..50_i64, proptest::option::of(any::<bool>()));
    prop_oneof![
        2 => (0..3_usize, 0..4_u8, 1..100_i64)
            .prop_map(|(customer, key, amount)| Step::Deposit { customer, key, amount }),
        5 => proptest::collection::vec(charge, 1..6).prop_map(Step::Charge),
        1 => (0..6_u8, 1..4_u8).prop_map(|(invoice, attempt)| Step::Abandon { invoice, attempt }),
    ]
}

/// What the provider promised so far.
#[derive(Default)]
struct Promises {
    verdicts: HashMap<String, (Option<ChargeItem>, Verdict)>,
    deposits: HashMap<(usize, u8), i64>,
    balances: [i64; 3],
}

impl Promises {
    async fn play(&mut self, db: &Db, step: Step, now: i64) {
        match step {
            Step::Deposit { customer, key, amount } => self.deposit(db, customer, key, amount, now).await,
            Step::Charge(charges) => self.charge(db, charges, now).await,
            Step::Abandon { invoice, attempt } => {
                let key = format!("i{invoice}:{attempt}");
                let result = abandon_charge::abandon_charge(db, key.clone(), now).await.unwrap();
                let known = self.verdicts.entry(key).or_insert((None, Verdict::Abandoned));
                assert_eq!(result.verdict, known.1);
            }
        }
    }

    async fn deposit(&mut self, db: &Db, customer: usize, key: u8, amount: i64, now: i64) {
        let deposit = Deposit { key: key.to_string(), amount, currency: "EUR".parse().unwrap() };
        let done = make_deposit::make_deposit(db, CUSTOMERS[customer].into(), deposit, now).await.unwrap();
        let before = self.deposits.get(&(customer, key)).copied();
        match (done, before) {
            (make_deposit::Deposited::Done(wallet, false), None) => {
                self.deposits.insert((customer, key), amount);
                self.balances[customer] += amount;
                assert_eq!(wallet.balance, self.balances[customer]);
            }
            (make_deposit::Deposited::Done(_, true), Some(before)) => assert_eq!(before, amount),
            (make_deposit::Deposited::KeyReused, Some(before)) => assert_ne!(before, amount),
            (done, before) => panic!("{done:?} after {before:?}"),
        }
    }

    async fn charge(&mut self, db: &Db, charges: Vec<(u8, u8, usize, i64, Option<bool>)>, now: i64) {
        let mut asked: Vec<Asked> = Vec::new();
        for (invoice, attempt, customer, amount, card) in charges {
            let key = format!("i{invoice}:{attempt}");
            if asked.iter().any(|other| other.item.key == key) {
                continue;
            }
            let method = if card.is_some() { Method::Card } else { Method::Wallet };
            let customer = CUSTOMERS.get(customer).copied().unwrap_or("nobody");
            let decision =
                card.map(|yes| if yes { Decision::Approved } else { Decision::Declined("no".into()) });
            asked
                .push(Asked { item: item(&key, &format!("i{invoice}"), customer, amount, method), decision });
        }
        let results = charge_batch::charge_batch(db, asked.clone(), ANTAEUS, now).await.unwrap().results;
        for (Asked { item, .. }, result) in asked.iter().zip(results) {
            match self.verdicts.get(&item.key) {
                Some((Some(before), verdict)) if before == item => assert_eq!(result.verdict, *verdict),
                Some((Some(_), _)) => assert!(matches!(result.verdict, Verdict::Conflict { .. })),
                Some((None, _)) => assert_eq!(result.verdict, Verdict::Abandoned),
                None => self.remember(item, result.verdict),
            }
        }
    }

    fn remember(&mut self, item: &ChargeItem, verdict: Verdict) {
        if verdict == Verdict::Captured && item.method == Method::Wallet {
            let customer = CUSTOMERS.iter().position(|name| *name == item.customer).unwrap();
            self.balances[customer] -= item.amount;
        }
        self.verdicts.insert(item.key.clone(), (Some(item.clone()), verdict));
    }
}

#[test]
fn whatever_is_asked_the_verdicts_stay_and_the_sums_are_right() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for engine in engines() {
        let home = Home::new();
        let invoices = Database::fresh(&home, engine, "invoices", invoice_app::store::MIGRATIONS);
        let mut runner =
            TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
        let steps = proptest::collection::vec(step(), 1..40);
        let played = runner.run(&steps, |steps| {
            let home = Home::new();
            let database = Database::fresh(&home, engine, "ledger", payment_provider::store::MIGRATIONS);
            let db = database.open();
            runtime.block_on(async {
                let mut promises = Promises::default();
                for customer in CUSTOMERS {
                    let euro = "EUR".parse().unwrap();
                    open_account::open_account(&db, customer.into(), euro, 0).await.unwrap();
                }
                for (now, step) in (1..).zip(steps) {
                    promises.play(&db, step, now).await;
                }
                let balances = "SELECT CAST(SUM(balance) AS BIGINT) AS n FROM wallets";
                assert_eq!(crate::rows::number(&db, balances), promises.balances.iter().sum::<i64>());
            });
            let report = verify(&invoices.open(), &db, true).unwrap();
            let wrong: Vec<_> =
                report.findings.iter().filter(|f| f.invariant != "I3" && f.invariant != "I5").collect();
            prop_assert!(wrong.is_empty(), "{:#?}", wrong);
            Ok(())
        });
        played.unwrap();
    }
}

#[derive(QueryableByName)]
struct Denied {
    #[diesel(sql_type = diesel::sql_types::Bool)]
    denied: bool,
}

#[test]
fn on_postgresql_the_services_role_has_no_grant_to_change_the_ledger() {
    if !engines().contains(&testkit::Engine::Postgres) {
        return;
    }
    let home = Home::new();
    let database =
        Database::fresh(&home, testkit::Engine::Postgres, "grants", payment_provider::store::MIGRATIONS);
    // The tests' role is a superuser, which no grant binds: the list of grants itself is what is looked at.
    let sql = "SELECT NOT EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.relname IN ('charges', 'transfers')
                   AND a.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE'))
               AND EXISTS (SELECT FROM pg_class c, aclexplode(c.relacl) a WHERE c.relname = 'charges'
                   AND a.privilege_type = 'INSERT') AS denied";
    let row: Denied =
        database.open().read_blocking(|conn| Ok(diesel::sql_query(sql).get_result(conn)?)).unwrap();
    assert!(row.denied);
}
