//! Some minutes that are worth a picture: people order, a run goes on, and for a moment the provider is away.

use std::time::{Duration, Instant};

use invoice_app::domain::data_set::DataSet;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use service::Clock;
use testkit::{Engine, engines};

use crate::collector::Collector;
use crate::prometheus::Prometheus;
use crate::stage::Stage;

/// How long it goes on.
const LENGTH: Duration = Duration::from_secs(200);
/// Somebody does something this often.
const PACE: Duration = Duration::from_millis(300);
const RUN: Duration = Duration::from_secs(20);
const AWAY: (Duration, Duration) = (Duration::from_secs(90), Duration::from_secs(97));
/// More than are charged within this time: the run is still to be seen going on.
const INVOICES: i64 = 9_000;

async fn set(stage: &mut Stage, name: &str, vars: &[(&'static str, &str)]) {
    for (var, value) in vars {
        stage.service(name).set(var, value);
    }
    stage.restart(name).await;
}

/// One person's next step.
async fn somebody(stage: &Stage, users: &[String], random: &mut StdRng) {
    let user = &users[random.random_range(0..users.len())];
    // Now and then for more than anybody has.
    let euros = if random.random_range(0..8) == 0 { 5_000 } else { random.random_range(1..20) };
    match random.random_range(0..6) {
        0 => drop(stage.get("users", &format!("/v1/users/{user}")).await),
        1 => drop(stage.get("orders", &format!("/v1/orders?user={user}")).await),
        2 => drop(stage.get("notifications", "/v1/notifications").await),
        3 => {
            let ada = json!({"name": "Ada", "email": "ada@example.org", "currency": "EUR"});
            stage.post("users", "/v1/users", ada).await;
        }
        _ => drop(stage.order(user, euros).await),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is drawn: ./test.sh observability --pictures"]
async fn a_day_to_be_drawn() {
    let (Some(prometheus), Some(collector)) = (Prometheus::running(), Collector::start()) else { return };
    let engine = engines().into_iter().next_back().unwrap_or(Engine::Sqlite);
    let mut stage = Stage::start(engine, None, &collector).await;
    set(&mut stage, "payment-provider", &[("ACQUIRER_LATENCY_MS", "400"), ("ACQUIRER_SUCCESS_RATE", "0.8")])
        .await;
    for name in stage.chargers() {
        let few = [("CHARGE_BATCH_SIZE", "6"), ("CHARGES_IN_FLIGHT", "2"), ("PROVIDER_TIMEOUT_MS", "1500")];
        set(&mut stage, name, &few).await;
    }
    let invoices = stage.db("invoice-app");
    invoice_app::flows::seed::seed(&invoices, DataSet::Large(INVOICES), Clock::system().now()).expect("rows");
    let mut users = Vec::new();
    for n in 0..6 {
        users.push(stage.customer("Ada", &format!("ada{n}@example.org"), 900).await.user);
    }
    prometheus.watch(&stage);
    let (begun, mut random) = (Instant::now(), StdRng::seed_from_u64(7));
    let (mut runs, mut away) = (false, false);
    while begun.elapsed() < LENGTH {
        let now = begun.elapsed();
        if !runs && now > RUN {
            stage.run().await;
            runs = true;
        }
        let is_away = (AWAY.0..AWAY.1).contains(&now);
        if is_away != away {
            let provider = stage.service("payment-provider");
            if is_away {
                provider.suspend();
            } else {
                provider.resume();
            }
            away = is_away;
        }
        somebody(&stage, &users, &mut random).await;
        if random.random_range(0..40) == 0 {
            assert_eq!(stage.refused("orders", "/v1/orders", "").await, 401);
        }
        if random.random_range(0..120) == 0 {
            stage.at_the_provider().await;
        }
        tokio::time::sleep(PACE).await;
    }
}
