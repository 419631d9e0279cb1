//! `bench telemetry`: the charge API with everything exported and scraped, over the same with nothing of either.
//!
//! Counting itself is compiled in and is done on both sides; what differs are spans, log lines on their way to the
//! collector, the collector and the Prometheus beside it, all on this machine.

mod beside;

use std::time::Duration;

use testkit::Engine;

use super::figure::Figure;
use super::load::Target;
use super::{Options, cpu};
use beside::Beside;

/// Sizes of batches, and how many callers send them: as runs charge, and as it weighs most.
const LOADS: [(usize, usize); 2] = [(100, 8), (1, 16)];
/// The two sides take turns that are so short that both see the same weather of the machine and of the disk.
const TURN: Duration = Duration::from_secs(1);
const RATIO: &str = "0.1";

/// What one side did.
#[derive(Default)]
struct Done {
    charges: f64,
    cpu: Duration,
}

impl Done {
    async fn turn(&mut self, target: &Target, (size, callers): (usize, usize)) {
        let before = target.cpu();
        self.charges += target.charges_per_second(size, callers, TURN).await * TURN.as_secs_f64();
        self.cpu += target.cpu() - before;
    }

    fn cpu_per_charge(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.charges
    }
}

/// Turns of both, of which each is the first as often as it is the second.
async fn round(with: &Target, without: &Target, load: (usize, usize), turns: u32) -> (Done, Done) {
    let (mut exported, mut plain) = (Done::default(), Done::default());
    for turn in 0..turns {
        if turn % 2 == 0 {
            exported.turn(with, load).await;
            plain.turn(without, load).await;
        } else {
            plain.turn(without, load).await;
            exported.turn(with, load).await;
        }
    }
    (exported, plain)
}

async fn measure(with: &Target, without: &Target, load: (usize, usize), options: Options) {
    let figure = |what: &str, unit| {
        let case = format!("postgres/{}, {what}", load.0);
        Figure { bench: "telemetry", case, unit, rounds: Vec::new(), beside: String::new() }
    };
    let (mut rates, mut times) =
        (figure("exported and scraped", "charges/s"), figure("CPU of the provider", "us"));
    let turns = u32::try_from(options.seconds).expect("seconds").next_multiple_of(2);
    for _ in 0..options.rounds.unwrap_or(15) {
        let before = cpu::of("otelcol");
        let (exported, plain) = round(with, without, load, turns).await;
        let collector = cpu::of("otelcol").since(&before).as_secs_f64() * 1e6 / exported.charges;
        rates.rounds.push((exported.charges / f64::from(turns), plain.charges / f64::from(turns)));
        times.rounds.push((exported.cpu_per_charge(), plain.cpu_per_charge()));
        times.beside = format!("; of the collector per charge: {collector:.1}");
    }
    rates.print(options.json);
    times.print(options.json);
}

pub async fn run(options: Options) {
    if !beside::is_here() {
        println!(
            "SKIPPED: it needs PostgreSQL (TEST_DATABASE_URL), prometheus and otelcol (scripts/tools.sh otelcol)"
        );
        return;
    }
    let beside = Beside::start();
    let exports = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", beside.endpoint.clone()),
        ("OTEL_TRACES_SAMPLER_ARG", RATIO.to_owned()),
    ];
    let with = Target::start_with(Engine::Postgres, &exports).await;
    let without = Target::start(Engine::Postgres).await;
    beside.scrape(with.admin());
    for load in LOADS {
        measure(&with, &without, load, options).await;
    }
    let sent = with.exported().await;
    assert!(sent > 0, "nothing was exported: both sides are the same");
    if !options.json {
        println!("{sent} spans were exported, of one request in ten; bar: the ratio is 0.95 at least");
    }
}
