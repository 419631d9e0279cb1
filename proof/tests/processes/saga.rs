//! Orders while every service is killed at random, lines between them lose and delay, or a broker that carries the events
//! is killed as well, and events come twice, late and in another order: each ends once, is charged once or not at all, and is told of once.

mod buyers;
mod gossip;
mod line;
mod market;
mod outcome;
mod rows;
mod traces;

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use testkit::broker::Broker;
use testkit::{Engine, engines};

use self::buyers::{Buying, Front};
use self::gossip::Gossip;
use self::market::Market;
use self::outcome::Outcome;
use crate::journal::{Journal, injections_up_to};

/// Orders per engine in the quick gate, and at most.
const ORDERS: (usize, usize) = (750, 10_000);
/// Each service is killed so often at least.
const ROUNDS: usize = 2;

/// Kills each service in turn, in an order of its own each time, as long as somebody buys. Gives how often.
async fn disturb(market: &mut Market<'_>, random: &mut StdRng, buying: &Buying) -> usize {
    let (mut rounds, mut places) = (0, (0..market.places()).collect::<Vec<_>>());
    while rounds < ROUNDS || !buying.is_over() {
        places.shuffle(random);
        for place in &places {
            tokio::time::sleep(Duration::from_millis(random.random_range(100..900))).await;
            market.kill(*place).await;
        }
        rounds += 1;
    }
    rounds * places.len()
}

async fn orders(engine: Engine, broker: Option<Broker>, wanted: usize) {
    let journal = Journal::new("saga");
    let mut random = journal.random();
    let mut market = Market::new(engine, broker, &journal, random.random());
    market.start().await;
    let gossip = Gossip::start(&market, random.random());
    let buying = Buying::start(Front::new(&market), wanted, random.random());
    let kills = disturb(&mut market, &mut random, &buying).await;
    let bought = buying.over().await;
    journal.note(format!("{} orders are acknowledged, {kills} kills", bought.orders.len()));
    let told = gossip.stop().await;
    let noise = market.mend();
    market.is_quiet(wanted).await;
    let outcome = Outcome::read(&market);
    outcome.holds(&bought);
    bought.accounts_hold(&outcome).await;
    assert!(told.before > 0 && told.again > 0, "{told:?}");
    assert!(noise.is_none_or(|(late, lost)| lost > 0 && late > 0), "{noise:?} answers were late, or lost");
    let again = gossip::everything_again(&market, &mut random).await;
    market.is_quiet(wanted).await;
    assert_eq!(Outcome::read(&market), outcome, "what comes again changes nothing");
    let lines =
        noise.map_or_else(String::new, |(late, lost)| format!("{late} late and {lost} lost answers, "));
    let noise = format!("{kills} kills, {lines}{told:?}, then {again} again");
    journal.held(format!("{}: {} after {noise}", market.name(engine), outcome.tally()));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_ends_once_and_is_told_once_whatever_happens_to_services_and_events() {
    let wanted = injections_up_to(ORDERS.0, ORDERS.1);
    for engine in engines() {
        orders(engine, None, wanted).await;
    }
    if let Some(broker) = Broker::alone() {
        orders(Engine::Sqlite, Some(broker), wanted).await;
    }
}
