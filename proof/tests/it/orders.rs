//! Orders: each is charged once from the balance or not at all, whatever is told twice, late or at the same time.

use contracts::event::{Data, Envelope, Invoice, Kind, OrderState, Outcome};
use rand::seq::SliceRandom;
use serde_json::json;
use testkit::engines;
use testkit::events::envelope;

use crate::rows::{execute, number};
use crate::runs::{self, invoices, until};
use crate::shop::{Shop, cancelled, eur, order, outcomes, placed, user, uuid};

fn invoice(data: &Data) -> Invoice {
    let Data::Invoice(invoice) = data else { panic!("{data:?}") };
    invoice.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_within_the_balance_is_paid_and_one_beyond_it_is_void() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let user = shop.user("100.00").await;
        let (small, large) = (uuid(), uuid());
        let receipt = shop.orders.tell(&[placed(&small, &user, "60.00")]).await;
        assert_eq!(outcomes(&receipt), [Outcome::Done]);
        let told = shop.verdict(&small).await;
        let paid = invoice(&told.data);
        assert_eq!((told.kind, paid.order, paid.user), (Kind::InvoicePaid, Some(small), Some(user.clone())));
        assert_eq!((paid.amount, paid.attempt, paid.reason), (eur("60.00"), 1, None));

        shop.orders.tell(&[placed(&large, &user, "40.01")]).await;
        let told = shop.verdict(&large).await;
        assert_eq!(told.kind, Kind::InvoiceVoided);
        assert_eq!(invoice(&told.data).reason.as_deref(), Some("insufficient_funds"));
        assert_eq!(shop.balance(&user).await, 4_000);
        assert_eq!(invoices(&shop.stack, "origin = 'order' AND state = 'VOID' AND next_at IS NULL"), 1);
        let claimed = "SELECT COUNT(*) AS n FROM run_tallies WHERE outcome <> 'captured'";
        assert_eq!(number(&shop.stack.invoices_db, claimed), 0, "no run counts it");
        runs::until("all is told", || {
            number(&shop.stack.invoices_db, "SELECT COUNT(*) AS n FROM outbox") == 0
        })
        .await;
        // The older paths list what they pay: an order that was refused would look unpaid there for ever.
        assert_eq!(shop.stack.get("/invoices").await, json!([]));
        assert_eq!(shop.stack.get("/rest/v1/invoices").await, json!([]));
        // Nor does anybody try again what is void.
        runs::run(&shop.stack, "unpaid").await;
        assert_eq!(number(&shop.stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_twice_or_late_or_the_wrong_way_round_changes_nothing() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let user = shop.user("100.00").await;
        let (twice, reversed) = (uuid(), uuid());
        let event = placed(&twice, &user, "10.00");
        for _ in 0..3 {
            let receipt = shop.orders.tell(&[event.clone(), event.clone()]).await;
            assert_eq!(outcomes(&receipt), [Outcome::Done, Outcome::Done]);
        }
        assert_eq!(shop.verdict(&twice).await.kind, Kind::InvoicePaid);
        // The cancellation overtakes the order.
        shop.orders.tell(&[cancelled(&reversed, &user, "10.00")]).await;
        let told = shop.verdict(&reversed).await;
        assert_eq!(
            (told.kind, invoice(&told.data).reason.as_deref()),
            (Kind::InvoiceVoided, Some("cancelled"))
        );
        shop.orders.tell(&[placed(&reversed, &user, "10.00")]).await;
        // A cancellation of what is paid already.
        shop.orders.tell(&[cancelled(&twice, &user, "10.00")]).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        assert_eq!(
            (shop.verdict(&twice).await.kind, shop.verdict(&reversed).await.kind),
            (Kind::InvoicePaid, Kind::InvoiceVoided)
        );
        assert_eq!(shop.balance(&user).await, 9_000);
        assert_eq!(number(&shop.stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_somebody_who_is_no_customer_yet_comes_again() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let (stranger, id) = (uuid(), uuid());
        let early = placed(&id, &stranger, "10.00");
        assert_eq!(outcomes(&shop.orders.tell(std::slice::from_ref(&early)).await), [Outcome::Later]);
        let registered = envelope(Kind::UserRegistered, &user(&stranger), 1);
        assert_eq!(outcomes(&shop.users.tell(&[registered]).await), [Outcome::Done]);
        assert_eq!(outcomes(&shop.orders.tell(&[early]).await), [Outcome::Done], "it was not noted as heard");
        assert_eq!(shop.verdict(&id).await.kind, Kind::InvoiceVoided, "there is no money");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_that_races_the_charge_ends_in_exactly_one_of_the_two() {
    const ORDERS: usize = 300;
    for engine in engines() {
        let shop = Shop::open(engine, &[("CHARGE_BATCH_SIZE", "7")]).await;
        let user = shop.user("1000.00").await;
        let ids: Vec<String> = (0..ORDERS).map(|_| uuid()).collect();
        let all: Vec<Envelope> = ids.iter().map(|id| placed(id, &user, "1.00")).collect();
        let stop: Vec<Envelope> = ids.iter().map(|id| cancelled(id, &user, "1.00")).collect();
        // Order and cancellation of each within moments, from two sides, a few at a time and in any order.
        let mut parts: Vec<usize> = (0..ORDERS / 10).collect();
        parts.shuffle(&mut rand::rng());
        for part in parts {
            let part = part * 10..part * 10 + 10;
            let late = async {
                tokio::time::sleep(std::time::Duration::from_millis(rand::random_range(0..12))).await;
                shop.orders.tell(&stop[part.clone()]).await
            };
            let (placed, stopped) = tokio::join!(shop.orders.tell(&all[part.clone()]), late);
            assert!(
                placed.results.iter().chain(&stopped.results).all(|one| one.outcome == Outcome::Done),
                "{placed:?} {stopped:?}"
            );
        }
        let mut paid = 0;
        for id in &ids {
            let told = shop.verdict(id).await;
            let captured =
                format!("SELECT COUNT(*) AS n FROM transfers WHERE kind = 'capture' AND reference = '{id}'");
            let captured = number(&shop.stack.provider_db, &captured);
            match told.kind {
                Kind::InvoicePaid => assert_eq!(captured, 1, "{id}"),
                Kind::InvoiceVoided => {
                    assert_eq!(
                        (captured, invoice(&told.data).reason.as_deref()),
                        (0, Some("cancelled")),
                        "{id}"
                    );
                }
                other => panic!("{other}"),
            }
            paid += captured;
        }
        // Else there was no race.
        assert!(paid > 0 && paid < i64::try_from(ORDERS).unwrap(), "{paid} were paid");
        assert_eq!(shop.balance(&user).await, 100_000 - 100 * paid);
        assert_eq!(invoices(&shop.stack, "state NOT IN ('PAID', 'VOID')"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_is_about_an_orders_invoice() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let user = shop.user("100.00").await;
        // It waits until tomorrow, so that only a run could be about it.
        let id = uuid();
        let sql = format!(
            "INSERT INTO invoices (uid, customer_id, amount, currency, due_on, state, origin, created_at, next_at)
             SELECT '{id}', id, 500, 'EUR', '2026-12-01', 'PENDING', 'order', 1, {} FROM customers",
            runs::now() + 86_400_000_000
        );
        execute(&shop.stack.invoices_db, &sql);
        let list = shop.stack.get("/v1/invoices").await;
        let number = list["items"][0]["id"].as_i64().unwrap();
        for scope in ["due", "retryable", "unpaid"] {
            assert_eq!(runs::preview(&shop.stack, scope).await["invoices"], 0, "{scope}");
            let run = runs::run(&shop.stack, scope).await;
            assert_eq!(runs::count(&run, "expected"), 0, "{scope}: {run}");
        }
        let named = runs::start(&shop.stack, json!({"scope": "ids", "ids": [number]})).await;
        assert_eq!(runs::count(&runs::ended(&shop.stack, named).await, "expected"), 0);
        let (status, problem) = shop.stack.post(&format!("/v1/invoices/{number}/collect"), "").await;
        assert_eq!(status, 409, "{problem}");
        assert_eq!(shop.stack.post("/rest/v1/invoices/pay", "").await, (200, "true".into()));
        let waits =
            format!("uid = '{id}' AND state = 'PENDING' AND attempt = 0 AND next_at > {}", runs::now());
        assert_eq!(invoices(&shop.stack, &waits), 1);
        // Of itself it is charged when its time has come.
        execute(&shop.stack.invoices_db, "UPDATE invoices SET next_at = 1");
        until("it is paid", || invoices(&shop.stack, "state = 'PAID' AND run_id IS NULL") == 1).await;
        let _ = user;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_one_customer_however_often_that_is_told() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let id = uuid();
        let registered = envelope(Kind::UserRegistered, &user(&id), 1);
        let again = envelope(Kind::UserRegistered, &user(&id), 1);
        for events in [vec![registered.clone(), again], vec![registered]] {
            let receipt = shop.users.tell(&events).await;
            assert!(receipt.results.iter().all(|one| one.outcome != Outcome::Refused), "{receipt:?}");
        }
        shop.customer(&id).await;
        assert_eq!(shop.balance(&id).await, 0);
        assert_eq!(number(&shop.stack.provider_db, "SELECT COUNT(*) AS n FROM wallets"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_another_currency_is_void_and_one_for_nothing_is_refused() {
    for engine in engines() {
        let shop = Shop::open(engine, &[]).await;
        let user = shop.user("100.00").await;
        let (dollars, nothing) = (uuid(), uuid());
        let Data::Order(foreign) = order(&dollars, &user, "1.00", OrderState::Placed) else { panic!() };
        let amount = serde_json::from_str(r#"{"value":1.00,"currency":"USD"}"#).unwrap();
        let foreign = Data::Order(contracts::event::Order { amount, ..foreign });
        let events = [envelope(Kind::OrderPlaced, &foreign, 1), placed(&nothing, &user, "0.00")];
        assert_eq!(outcomes(&shop.orders.tell(&events).await), [Outcome::Done, Outcome::Refused]);
        let told = shop.verdict(&dollars).await;
        assert_eq!(invoice(&told.data).reason.as_deref(), Some("currency_mismatch"));
    }
}
