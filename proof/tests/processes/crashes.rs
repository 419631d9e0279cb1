//! PostgreSQL stopped dead, and started again, while a run goes on.

use std::time::{Duration, Instant};

use rand::RngExt;
use testkit::{Engine, engines};

use crate::client::Client;
use crate::journal::{Journal, injections};
use crate::server::Server;
use crate::world::{Plan, World};

/// Crashes in the quick gate.
const CRASHES: usize = 30;
const INVOICES: i64 = 2_500;

fn plan(server: &Server) -> Plan {
    Plan {
        engine: Engine::Postgres,
        server: Some(server.url.clone()),
        invoices: INVOICES,
        workers: 2,
        app: vec![("CHARGES_IN_FLIGHT", "1".into())],
        provider: vec![
            ("ACQUIRER_LATENCY_MS", "20".into()),
            ("ACQUIRER_DECLINES", "insufficient_funds=4,stolen_card=1".into()),
        ],
    }
}

/// Crashes the server in the middle of charging, at most so often; a crash after the end of the run is none. Adds how
/// long it took each time until somebody charged again.
async fn disturb(
    server: &Server,
    world: &World<'_>,
    random: &mut impl RngExt,
    most: usize,
    waits: &mut Vec<Duration>,
) -> usize {
    let mut done = 0;
    while done < most {
        // The services are back by themselves, and charge.
        let (before, back) = (world.verdicts().await, Instant::now());
        let over = "SELECT (SELECT COUNT(*) FROM attempts) + 1000000 * (1 - (SELECT COUNT(*) FROM billing_runs \
                    WHERE state = 'running')) AS n";
        world.until("charging goes on after a crash", over, |verdicts| verdicts > before).await;
        waits.push(back.elapsed());
        tokio::time::sleep(Duration::from_millis(random.random_range(0..150))).await;
        world.journal.note("PostgreSQL is stopped dead");
        server.crash();
        world.journal.note("PostgreSQL is back");
        if !world.goes_on().await {
            break;
        }
        done += 1;
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_stopped_dead_loses_nothing_that_was_told_and_charging_goes_on_by_itself() {
    if !engines().contains(&Engine::Postgres) {
        return;
    }
    let (journal, server) = (Journal::new("crashes"), Server::start());
    let mut random = journal.random();
    let (wanted, mut done, mut told, mut waits) = (injections(CRASHES), 0, 0, Vec::new());
    while done < wanted {
        let mut world = World::new(&plan(&server), &journal);
        world.start().await;
        let run = world.run().await;
        let client = Client::start(&world, random.random());
        done += disturb(&server, &world, &mut random, wanted - done, &mut waits).await;
        world.ends_well(run).await;
        let acknowledged = client.stop().await;
        acknowledged.holds(&world).await;
        told += acknowledged.len();
    }
    waits.sort();
    let (usual, longest) = (waits.get(waits.len() / 2), waits.last());
    let held = format!("{done} crashes of PostgreSQL, {told} acknowledgements held");
    journal.held(format!("{held}, charging again after {usual:?}, at most {longest:?}"));
}
