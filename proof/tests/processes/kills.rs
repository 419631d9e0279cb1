//! SIGKILL of either service at random moments while an older client has its invoices paid.

use std::time::Duration;

use proof::invariants::broken;
use rand::RngExt;
use rand::rngs::StdRng;
use testkit::{Engine, engines};

use crate::client::Client;
use crate::journal::{Journal, injections};
use crate::world::{APP, PROVIDER, Plan, World};

/// Kills per engine in the quick gate.
const KILLS: usize = 50;
const INVOICES: i64 = 600;
/// Those of the data set: what is created meanwhile belongs to later requests.
const OPEN: &str = "SELECT COUNT(*) AS n FROM invoices WHERE state NOT IN ('PAID', 'VOID') AND id <= 600";

fn plan(engine: Engine) -> Plan {
    let app = vec![("COMPAT_MAX_ROUNDS", "1000".to_owned())];
    Plan { engine, server: None, invoices: INVOICES, workers: 0, app, provider: Vec::new() }
}

/// Kills while invoices are open, at most so often.
async fn disturb(world: &mut World<'_>, random: &mut StdRng, most: usize) -> usize {
    let mut done = 0;
    while done < most && world.number(OPEN).await > 0 {
        tokio::time::sleep(Duration::from_millis(random.random_range(2..70))).await;
        world.kill(if random.random() { PROVIDER } else { APP }).await;
        done += 1;
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn every_invoice_is_paid_once_whichever_service_is_killed_whenever() {
    for engine in engines() {
        let journal = Journal::new("kills");
        let mut random = journal.random();
        let (wanted, mut done, mut told) = (injections(KILLS), 0, 0);
        while done < wanted {
            let mut world = World::new(&plan(engine), &journal);
            world.start().await;
            let paying =
                world.http.post(format!("{}/invoices/pay", world.url)).send().await.expect("an answer");
            assert_eq!(paying.text().await.expect("text"), "{}");
            let client = Client::start(&world, random.random());
            done += disturb(&mut world, &mut random, wanted - done).await;
            world.until("every invoice is paid", OPEN, |open| open == 0).await;
            let broken = broken(&world.invoices.open(), &world.provider.open());
            assert!(broken.is_empty(), "{engine:?}: {broken:#?}");
            let acknowledged = client.stop().await;
            acknowledged.holds(&world).await;
            told += acknowledged.len();
        }
        journal
            .held(format!("{engine:?}: {done} kills, every invoice paid once, {told} acknowledgements held"));
    }
}
