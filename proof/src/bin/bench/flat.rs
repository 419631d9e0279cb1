//! `bench flat`: whether an invoice costs the same with millions of paid ones behind it. On PostgreSQL.

mod buffers;
mod past;
mod snapshot;
mod world;

use std::time::Duration;

use self::buffers::Buffers;
use self::world::World;
use super::figure::{Figure, median};
use super::{FlatOptions, postgres};

/// What everything is held against: so many paid rows.
const FEW: u32 = 1_000;
/// Batches of which the buffers are counted, and of which the time is taken in each round; pages in each round.
const BATCHES: (usize, usize) = (20, 40);
const PAGES: usize = 200;
/// Batches that nobody looks at: caches are filled and statements prepared.
const WARM_UP: usize = 20;

pub async fn run(options: FlatOptions) {
    if !postgres::is_here() {
        println!("SKIPPED: set TEST_DATABASE_URL");
        return;
    }
    let rounds = options.every.rounds.unwrap_or(5);
    let batches = WARM_UP + BATCHES.0 * 2 + BATCHES.1 * rounds;
    for (name, paid) in [("1M", 1_000_000), ("10M", 10_000_000)] {
        if paid > 1_000_000 && options.quick {
            continue;
        }
        let mut worlds = [World::start(paid, batches).await, World::start(FEW, batches).await];
        for figure in figures(name, &mut worlds, rounds).await {
            figure.print(options.every.json);
        }
    }
    let held = Duration::from_secs(if options.quick { 30 } else { 120 });
    snapshot::measure(held).await.print(options.every.json);
}

async fn figures(name: &str, worlds: &mut [World; 2], rounds: usize) -> Vec<Figure> {
    let figure = |what: &str, unit, rounds, beside: String| {
        let case = format!("{name}/{what}");
        Figure { bench: "flat", case, unit, rounds, beside }
    };
    for world in &mut *worlds {
        world.batches(WARM_UP).await;
    }
    let buffers = [worlds[0].buffers(BATCHES.0).await, worlds[1].buffers(BATCHES.0).await];
    let of = |at: fn(&[Buffers; 2]) -> f64| vec![(at(&buffers[0]), at(&buffers[1]))];
    let [claim, settle] = [0, 1].map(|step| format!("; {} over {}", buffers[0][step], buffers[1][step]));
    let mut figures = vec![
        figure("claim/buffers", "per invoice", of(|steps| steps[0].all()), claim),
        figure("settle/buffers", "per invoice", of(|steps| steps[1].all()), settle),
        figure(
            "buffers",
            "per invoice",
            of(|steps| steps[0].all() + steps[1].all()),
            "; bar 1.10".to_owned(),
        ),
    ];
    let (mut claims, mut both, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let times = times(worlds).await;
        claims.push((times[0][0], times[1][0]));
        both.push((times[0][1], times[1][1]));
        pages.push(page_times(&worlds[0]).await);
    }
    figures.push(figure("claim/time", "us per invoice", claims, String::new()));
    figures.push(figure("time", "us per invoice", both, "; claim and settle; bar 1.25".to_owned()));
    figures.push(figure("page/time", "us", pages, "; the last page over the first; bar 2".to_owned()));
    figures
}

/// Medians of claims, and of claims and settlements, one batch here and one there; us per invoice.
async fn times(worlds: &mut [World; 2]) -> [[f64; 2]; 2] {
    let mut took = [(); 2].map(|()| (Vec::new(), Vec::new()));
    for _ in 0..BATCHES.1 {
        for (world, (claims, both)) in worlds.iter_mut().zip(&mut took) {
            let (claim, settle) = world.batch().await;
            claims.push(per_invoice(claim));
            both.push(per_invoice(claim + settle));
        }
    }
    took.map(|(claims, both)| [median(claims.into_iter()), median(both.into_iter())])
}

fn per_invoice(batch: Duration) -> f64 {
    batch.as_secs_f64() * 1e6 / f64::from(world::BATCH)
}

/// Medians of the last page and of the first one, us.
async fn page_times(world: &World) -> (f64, f64) {
    let (mut last, mut first) = (Vec::new(), Vec::new());
    for _ in 0..PAGES {
        last.push(world.page(i64::from(world.paid)).await.as_secs_f64() * 1e6);
        first.push(world.page(0).await.as_secs_f64() * 1e6);
    }
    (median(last.into_iter()), median(first.into_iter()))
}
