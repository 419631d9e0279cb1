//! PostgreSQL away for a while: what the kubelet is told meanwhile, by every role.

use std::time::{Duration, Instant};

use testkit::{Engine, engines};

use crate::journal::Journal;
use crate::server::Server;
use crate::world::{Plan, World};

/// Longest wait for a probe to change its mind.
const PATIENCE: Duration = Duration::from_secs(15);
/// `timeoutSeconds` of the probes: a liveness that takes longer counts as a failure.
const KUBELET: Duration = Duration::from_secs(2);
/// Readiness asks the database for as long, so what it says then is waited for a little longer here.
const ANSWER: Duration = Duration::from_secs(4);

/// Waits until `/readyz` of every service answers so.
async fn all_say(world: &World<'_>, status: u16) {
    for service in &world.services {
        let begun = Instant::now();
        while service.probe(&world.http, "readyz", ANSWER).await != Some(status) {
            assert!(begun.elapsed() < PATIENCE, "{}: /readyz never said {status}", service.name());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        world.journal.note(format!("{}: /readyz says {status}", service.name()));
    }
}

/// None is killed for what is not its fault.
async fn all_live(world: &World<'_>) {
    for service in &world.services {
        assert_eq!(
            service.probe(&world.http, "livez", KUBELET).await,
            Some(200),
            "{}: /livez",
            service.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_service_lives_and_is_not_ready_and_it_is_ready_again_by_itself() {
    if !engines().contains(&Engine::Postgres) {
        return;
    }
    let (journal, server) = (Journal::new("readiness"), Server::start());
    let plan = Plan {
        engine: Engine::Postgres,
        server: Some(server.url.clone()),
        invoices: 10,
        workers: 1,
        app: Vec::new(),
        provider: Vec::new(),
    };
    let mut world = World::new(&plan, &journal);
    world.start().await;
    let processes: Vec<u32> = world.services.iter().map(proof::processes::Service::id).collect();
    for _ in 0..2 {
        all_say(&world, 200).await;
        all_live(&world).await;
        let away = server.away();
        all_say(&world, 503).await;
        all_live(&world).await;
        drop(away);
    }
    all_say(&world, 200).await;
    let same: Vec<u32> = world.services.iter().map(proof::processes::Service::id).collect();
    assert_eq!(processes, same, "nobody was started again");
    assert!(world.services.iter_mut().all(|service| !service.has_ended()), "nobody has ended");
    journal.held(format!("{} processes outlive their database twice, and say so", processes.len()));
}
