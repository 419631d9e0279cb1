//! Invoices of orders, whose process dies between any two steps of charging them.

use std::time::{Duration, Instant};

use contracts::account::Deposit;
use db::Db;
use diesel::prelude::*;
use diesel::sql_types::Text;
use payment_provider::flows::make_deposit::make_deposit;
use payment_provider::flows::open_account::open_account;
use proof::invariants::{broken, broken_meanwhile, open};
use rand::RngExt;
use testkit::{Engine, engines};

use crate::journal::{Journal, injections};
use crate::world::{APP, PROVIDER, Plan, World};

const PLACES: [&str; 5] = ["after_claim", "before_send", "after_send", "after_reply", "after_settle"];
const ORDERS: i64 = 300;
/// Longest wait for a process to reach its place.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(QueryableByName)]
struct Buyer {
    #[diesel(sql_type = Text)]
    uid: String,
    #[diesel(sql_type = Text)]
    currency: String,
}

/// Every invoice becomes an order's, and every customer has money for about half of them.
async fn ordered(world: &World<'_>) {
    let (invoices, provider) = (world.invoices.open(), world.provider.open());
    execute(&invoices, "UPDATE invoices SET origin = 'order'");
    let buyers = invoices.read_blocking(|conn| {
        Ok(diesel::sql_query("SELECT uid, currency FROM customers").load::<Buyer>(conn)?)
    });
    for Buyer { uid, currency } in buyers.expect("customers") {
        let currency = currency.parse().expect("a currency");
        open_account(&provider, uid.clone(), currency, 1).await.expect("an account");
        let deposit = Deposit { key: "all".into(), amount: 120_000, currency };
        make_deposit(&provider, uid, deposit, 1).await.expect("a deposit");
    }
}

fn execute(db: &Db, sql: &'static str) {
    db.write_blocking(|conn| Ok(diesel::sql_query(sql).execute(conn)?)).expect(sql);
}

/// Starts invoice-app with a place to die in; false when all orders came to an end before that.
async fn dies(world: &mut World<'_>, point: &str) -> bool {
    world.journal.note(format!("invoice-app is to die at {point}"));
    world.services[APP].set("FAIL_POINT", point);
    world.services[APP].launch();
    let begun = Instant::now();
    while !world.services[APP].has_ended() {
        if open(&world.invoices.open()) == 0 {
            return false;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not die at {point}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let report = broken_meanwhile(&world.invoices.open(), &world.provider.open());
    assert!(report.findings.is_empty(), "{point}: {:#?}", report.findings);
    true
}

async fn die(engine: Engine, place: &str, wanted: usize) {
    let journal = Journal::new("orders");
    let mut random = journal.random();
    let app = vec![("CHARGES_IN_FLIGHT", "2".to_owned()), ("EVENTS", "outbox".to_owned())];
    let plan = Plan { engine, server: None, invoices: ORDERS, workers: 0, app, provider: Vec::new() };
    let mut deaths = 0;
    while deaths < wanted {
        let mut world = World::new(&plan, &journal);
        ordered(&world).await;
        world.services[PROVIDER].start(&world.http).await;
        while deaths < wanted && dies(&mut world, &format!("{place}:{}", random.random_range(1..=4))).await {
            deaths += 1;
        }
        world.services[APP].kill();
        world.services[APP].set("FAIL_POINT", "");
        world.services[APP].start(&world.http).await;
        ends_well(&world).await;
    }
    journal.held(format!("{place}, {engine:?}: {deaths} deaths among orders"));
}

/// Each order is paid once or void, and told so once.
async fn ends_well(world: &World<'_>) {
    let left = "SELECT COUNT(*) AS n FROM invoices WHERE state NOT IN ('PAID', 'VOID')";
    world.until("each order comes to its end", left, |left| left == 0).await;
    let broken = broken(&world.invoices.open(), &world.provider.open());
    assert!(broken.is_empty(), "{broken:#?}");
    let retried = "SELECT COUNT(*) AS n FROM invoices WHERE attempt <> 1 OR run_id IS NOT NULL";
    assert_eq!(world.number(retried).await, 0, "of each there is one attempt, of no run");
    for (state, kind) in [("PAID", "invoice.paid.v1"), ("VOID", "invoice.voided.v1")] {
        let told = format!(
            "SELECT COUNT(*) AS n FROM invoices i WHERE i.state = '{state}' AND 1 = (SELECT COUNT(*) FROM outbox o
                 WHERE o.subject = i.uid AND o.kind = '{kind}')"
        );
        let all = world.number(&format!("SELECT COUNT(*) AS n FROM invoices WHERE state = '{state}'")).await;
        assert!(all > 0 && world.number(&told).await == all, "{state}: {all}");
    }
    assert_eq!(world.number("SELECT COUNT(*) AS n FROM outbox").await, ORDERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_charge_dies_between_any_two_steps_is_paid_once_or_void() {
    for engine in engines() {
        for place in PLACES {
            die(engine, place, injections(4)).await;
        }
    }
}
