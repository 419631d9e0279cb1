//! A process that dies between any two steps of charging a batch.

use std::time::{Duration, Instant};

use proof::invariants::broken_meanwhile;
use rand::RngExt;
use rand::rngs::StdRng;
use testkit::{Engine, engines};

use crate::journal::{Journal, injections};
use crate::world::{APP, Plan, World};

/// A place, how many milliseconds the acquirer takes, and deaths per engine and role in the quick gate. In the order in
/// which the places are reached. Between the first two nothing leaves the process and nothing is written; the first is
/// reached once per claim, the second once per request. Who has sent is dead 20 ms later: before the acquirer decides,
/// or just as it does.
const PLACES: [(&str, u32, usize); 6] = [
    ("after_claim", 30, 12),
    ("before_send", 30, 12),
    ("after_send", 60, 6),
    ("after_send", 15, 6),
    ("after_reply", 30, 12),
    ("after_settle", 30, 12),
];
/// Longest wait for a process to reach its place.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who dies, and on which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Case {
    engine: Engine,
    role: Role,
    place: &'static str,
    latency_ms: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Serve,
    /// Beside a `serve` that goes on charging.
    Worker,
}

impl Case {
    fn plan(self) -> Plan {
        let workers = usize::from(self.role == Role::Worker);
        Plan {
            engine: self.engine,
            server: None,
            invoices: if workers == 0 { 300 } else { 800 },
            workers,
            app: vec![("CHARGES_IN_FLIGHT", "2".into())],
            provider: vec![
                ("ACQUIRER_LATENCY_MS", self.latency_ms.to_string()),
                ("ACQUIRER_DECLINES", "insufficient_funds=4,stolen_card=1".into()),
            ],
        }
    }

    fn victim(self) -> usize {
        if self.role == Role::Worker { APP + 1 } else { APP }
    }
}

/// Starts the victim with a place to die in, and a run if there is none. Gives what was captured and not settled when
/// it died; nothing when the run ended before that.
async fn death(world: &mut World<'_>, case: Case, nth: u32) -> Option<i64> {
    let (victim, point) = (case.victim(), format!("{}:{nth}", case.place));
    world.journal.note(format!("{} is to die at {point}", world.services[victim].name()));
    world.services[victim].set("FAIL_POINT", &point);
    world.services[victim].launch();
    let (begun, mut run) = (Instant::now(), None);
    while !world.services[victim].has_ended() {
        if run.is_none() {
            run = world.try_run().await;
        } else if !world.goes_on().await {
            return None;
        }
        assert!(begun.elapsed() < PATIENCE, "{case:?}: {} does not die", world.services[victim].name());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let report = broken_meanwhile(&world.invoices.open(), &world.provider.open());
    assert!(report.findings.is_empty(), "{case:?}: {:#?}", report.findings);
    Some(report.in_flight)
}

/// Deaths within one run, which ends well all the same.
async fn run(case: Case, journal: &Journal, random: &mut StdRng, wanted: usize) -> Vec<i64> {
    let mut world = World::new(&case.plan(), journal);
    let victim = case.victim();
    for place in (0..world.services.len()).filter(|place| *place != victim) {
        world.services[place].start(&world.http).await;
    }
    let mut in_flight = Vec::new();
    while in_flight.len() < wanted {
        let Some(captured) = death(&mut world, case, random.random_range(1..=4)).await else { break };
        in_flight.push(captured);
    }
    world.services[victim].kill();
    world.services[victim].set("FAIL_POINT", "");
    world.services[victim].start(&world.http).await;
    let run = world.run().await;
    world.ends_well(run).await;
    in_flight
}

async fn die(case: Case, wanted: usize) {
    let journal = Journal::new("fail_points");
    let mut random = journal.random();
    let mut in_flight = Vec::new();
    while in_flight.len() < wanted {
        in_flight.extend(run(case, &journal, &mut random, wanted - in_flight.len()).await);
    }
    let captured: i64 = in_flight.iter().sum();
    let sure = case.place == "after_reply";
    assert!(!sure || wanted == 0 || captured > 0, "{case:?}: it died before anything was captured");
    let Case { engine, role, place, .. } = case;
    let deaths = in_flight.len();
    journal.held(format!(
        "{place}, {engine:?}, {role:?}: {deaths} deaths, {captured} captured and not yet settled"
    ));
}

async fn all(engine: Engine, role: Role) {
    for (place, latency_ms, quick) in PLACES {
        die(Case { engine, role, place, latency_ms }, injections(quick)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serve_that_dies_between_any_two_steps_charges_nothing_twice_and_forgets_nothing() {
    for engine in engines() {
        all(engine, Role::Serve).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_any_two_steps_charges_nothing_twice_and_forgets_nothing() {
    if engines().contains(&Engine::Postgres) {
        all(Engine::Postgres, Role::Worker).await;
    }
}
