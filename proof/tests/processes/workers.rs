//! Many workers on one run: stopped until others have taken their claims over, and killed.

use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;
use testkit::{Engine, engines};

use crate::client::Client;
use crate::journal::{Journal, injections};
use crate::world::{APP, LEASE, Plan, World};

/// How many workers, and stops and kills of any of them in the quick gate.
const CROWDS: [(usize, usize); 3] = [(2, 20), (4, 20), (16, 20)];
const INVOICES: i64 = 3_000;
/// One injection in so many is a kill; the others are stops.
const KILLS: u32 = 3;

/// Who is stopped, and until when.
type Stopped = Vec<(usize, Instant)>;

fn plan(workers: usize) -> Plan {
    // Slow enough that a run lasts for several leases, whatever the number of workers.
    let in_flight = if workers > 4 { "1" } else { "2" };
    Plan {
        engine: Engine::Postgres,
        server: None,
        invoices: INVOICES,
        workers,
        app: vec![("CHARGES_IN_FLIGHT", in_flight.into()), ("DATABASE_POOL_SIZE", "2".into())],
        provider: vec![
            ("ACQUIRER_LATENCY_MS", "40".into()),
            ("ACQUIRER_DECLINES", "insufficient_funds=4,stolen_card=1".into()),
        ],
    }
}

/// Wakes those whose time has come, or all.
fn wake(world: &World<'_>, stopped: &mut Stopped, now: Option<Instant>) {
    stopped.retain(|(place, until)| {
        let stays = now.is_some_and(|now| now < *until);
        if !stays {
            world.journal.note(format!("continue {}", world.services[*place].name()));
            world.services[*place].resume();
        }
        stays
    });
}

/// One of those that are not stopped: any worker, now and then `serve`.
fn victim(world: &World<'_>, stopped: &Stopped, random: &mut StdRng) -> Option<usize> {
    let place = random.random_range(APP..world.services.len());
    (!stopped.iter().any(|(there, _)| *there == place)).then_some(place)
}

/// Makes at most so many injections while the run goes on.
async fn disturb(world: &mut World<'_>, random: &mut StdRng, most: usize) -> usize {
    let (mut stopped, mut done) = (Stopped::new(), 0);
    while done < most && world.goes_on().await {
        tokio::time::sleep(Duration::from_millis(random.random_range(10..100))).await;
        wake(world, &mut stopped, Some(Instant::now()));
        let Some(place) = victim(world, &stopped, random) else { continue };
        if random.random_range(0..KILLS) == 0 {
            world.kill(place).await;
        } else {
            world.journal.note(format!("stop {}", world.services[place].name()));
            world.services[place].suspend();
            stopped.push((place, Instant::now() + LEASE.mul_f32(random.random_range(1.2..2.0))));
        }
        done += 1;
    }
    // Whoever sleeps at the end wakes after everything is settled by others.
    while !stopped.is_empty() {
        wake(world, &mut stopped, Some(Instant::now()));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    done
}

async fn crowd(workers: usize, wanted: usize) {
    let journal = Journal::new("workers");
    let mut random = journal.random();
    let (mut done, mut taken_over, mut told) = (0, 0, 0);
    while done < wanted {
        let mut world = World::new(&plan(workers), &journal);
        world.start().await;
        let run = world.run().await;
        let client = Client::start(&world, random.random());
        done += disturb(&mut world, &mut random, wanted - done).await;
        world.ends_well(run).await;
        let acknowledged = client.stop().await;
        acknowledged.holds(&world).await;
        told += acknowledged.len();
        taken_over += world.number("SELECT COUNT(*) AS n FROM invoices WHERE epoch > attempt").await;
    }
    assert!(wanted < 10 || taken_over > 0, "no claim was ever taken over: nothing was tried");
    let held = format!("{workers} workers, {done} stops and kills, {taken_over} claims taken over");
    journal.held(format!("{held}, {told} acknowledgements held"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_invoice_is_charged_twice_or_forgotten_however_many_workers_are_stopped_and_killed() {
    if !engines().contains(&Engine::Postgres) {
        return;
    }
    for (workers, quick) in CROWDS {
        crowd(workers, injections(quick)).await;
    }
}
