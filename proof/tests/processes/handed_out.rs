//! Billing handed out over a RabbitMQ: workers and the broker are killed while a run goes on.

use std::time::Duration;

use rand::RngExt;
use testkit::Engine;
use testkit::broker::Broker;
use testkit::engines;

use crate::journal::{Journal, injections, injections_up_to};
use crate::world::{APP, Plan, World};

/// Kills in the quick gate, of the broker and of anybody else.
const KILLS: usize = 6;
/// Invoices of a run in the quick gate, and at most.
const INVOICES: (usize, usize) = (3_000, 100_000);

fn plan(broker: &Broker) -> Plan {
    let mut app = broker.vars("invoice-app");
    app.iter_mut().for_each(|(name, _)| {
        if *name == "BROKER_URL" {
            *name = "QUEUE_URL";
        }
    });
    app.extend([("CHARGES_IN_FLIGHT", "2".into()), ("DATABASE_POOL_SIZE", "2".into())]);
    Plan {
        engine: Engine::Postgres,
        server: None,
        invoices: i64::try_from(injections_up_to(INVOICES.0, INVOICES.1)).unwrap_or(i64::MAX),
        workers: 2,
        app,
        provider: vec![
            ("ACQUIRER_LATENCY_MS", "40".into()),
            ("ACQUIRER_DECLINES", "insufficient_funds=4,stolen_card=1".into()),
        ],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_invoice_is_charged_once_whoever_of_workers_serve_and_broker_is_killed() {
    if !engines().contains(&Engine::Postgres) {
        return;
    }
    let Some(broker) = Broker::alone() else { return };
    let journal = Journal::new("handed_out");
    let mut random = journal.random();
    let (wanted, mut done, mut taken) = (injections(KILLS), 0, false);
    while done < wanted {
        let mut world = World::new(&plan(&broker), &journal);
        world.start().await;
        let run = world.run().await;
        while done < wanted && world.goes_on().await {
            tokio::time::sleep(Duration::from_millis(random.random_range(50..400))).await;
            if random.random_range(0..3) == 0 {
                journal.note("the broker is killed");
                broker.crash();
            } else {
                let place = random.random_range(APP..world.services.len());
                world.kill(place).await;
            }
            done += 1;
        }
        world.ends_well(run).await;
        taken |= world.services[APP + 1].log().contains("work is taken from the broker");
    }
    assert!(taken, "nothing was handed out");
    journal.held(format!("{done} kills"));
}
