//! What is captured, and settled by a reconciliation before anybody asks about it again.

use std::time::{Duration, Instant};

use testkit::engines;

use crate::journal::Journal;
use crate::world::{APP, PROVIDER, Plan, World};

const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_well_when_a_reconciliation_finds_what_it_had_captured() {
    for engine in engines() {
        let journal = Journal::new("reconciled");
        // Claims of 15 s: nobody asks again before the reconciliation.
        let mut app = vec![("PROVIDER_TIMEOUT_MS", "5000".into()), ("FAIL_POINT", "after_reply:1".into())];
        // The one batch that is in flight is captured.
        app.push(("CHARGES_IN_FLIGHT", "1".into()));
        let provider = vec![("ACQUIRER_SUCCESS_RATE", "1".into())];
        let plan = Plan { engine, server: None, invoices: 50, workers: 0, app, provider };
        let mut world = World::new(&plan, &journal);
        world.services[PROVIDER].start(&world.http).await;
        world.services[APP].start(&world.http).await;
        world.run().await;
        let begun = Instant::now();
        while !world.services[APP].has_ended() {
            assert!(begun.elapsed() < PATIENCE, "it does not die");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        world.services[APP].set("FAIL_POINT", "");
        // What is older than two leases is reconciled, and a lease is 180 ms now.
        world.services[APP].set("PROVIDER_TIMEOUT_MS", "60");
        world.services[APP].set("RECONCILE_EVERY_MS", "100");
        world.services[APP].start(&world.http).await;
        let run = world.run().await;
        world.ends_well(run).await;
        let found = "SELECT COUNT(*) AS n FROM attempts WHERE outcome = 'reconciled'";
        assert!(world.number(found).await >= 5, "the reconciliation found what the dead one had captured");
    }
}
