//! `bench telemetry`: the charge API with everything exported and scraped, over the same with nothing of either.
//!
//! Counting itself is compiled in and is done on both sides; what differs are spans, log lines on their way to the
//! collector, the collector and the Prometheus beside it, all on this machine.

use std::process::Command;
use std::time::Duration;

use proof::processes::free_port;
use service::settings::{Var, Vars};
use testkit::{Engine, Home};

use super::figure::Figure;
use super::load::Target;
use super::{Options, cpu, postgres};

/// Size of a batch, and how many callers send them.
const LOAD: (usize, usize) = (100, 8);
const RATIO: &str = "0.1";
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test");
const CI: Var = Var::unset("CI", "`true` makes a skipped check a failure");

/// What runs beside the service, for as long as this is held.
struct Beside {
    home: Home,
    endpoint: String,
}

impl Beside {
    /// Starts collector and Prometheus.
    fn start() -> Self {
        let (home, port) = (Home::new(), free_port());
        let beside = Self { home, endpoint: format!("http://127.0.0.1:{port}") };
        let health = free_port().to_string();
        beside.script("collector", "up", &[("LISTEN_PORT", &port.to_string()), ("HEALTH_PORT", &health)]);
        beside.script("prometheus", "up", &[("LISTEN_PORT", &free_port().to_string())]);
        beside
    }

    /// Scrapes a service every second.
    fn scrape(&self, address: &str) {
        let targets =
            format!("[{{\"targets\": [\"{address}\"], \"labels\": {{\"service\": \"payment-provider\"}}}}]");
        std::fs::write(self.home.path("prometheus/targets/bench.json"), targets).expect("a file");
    }

    fn script(&self, name: &str, verb: &str, vars: &[(&str, &str)]) {
        let mut command = Command::new(format!("{SCRIPTS}/{name}.sh"));
        command.arg(verb).arg(self.home.path(name)).envs(vars.iter().copied());
        let output = command.output().expect(name);
        assert!(output.status.success(), "{name} {verb}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.script("prometheus", "down", &[]);
        self.script("collector", "down", &[]);
    }
}

/// Programs that are here.
fn are_here() -> bool {
    let there = |name: &str| {
        let output = Command::new(format!("{SCRIPTS}/{name}.sh")).arg("installed").output();
        output.is_ok_and(|output| output.status.success())
    };
    let (vars, all) = (Vars::from_env(), postgres::is_here() && there("collector") && there("prometheus"));
    assert!(all || vars.text(&CI).as_deref() != Some("true"), "CI=true, and a server is missing");
    all
}

pub async fn run(options: Options) {
    if !are_here() {
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
    let time = Duration::from_secs(options.seconds);
    let case = format!("postgres/{}, exported and scraped", LOAD.0);
    let mut figure =
        Figure { bench: "telemetry", case, unit: "charges/s", rounds: Vec::new(), beside: String::new() };
    for round in 0..options.rounds.unwrap_or(9) {
        let before = cpu::of("otelcol");
        // Which of the two comes first changes: the second finds warmer caches, or a fuller disk.
        let (exported, plain) = if round % 2 == 0 {
            let exported = with.charges_per_second(LOAD.0, LOAD.1, time).await;
            (exported, without.charges_per_second(LOAD.0, LOAD.1, time).await)
        } else {
            let plain = without.charges_per_second(LOAD.0, LOAD.1, time).await;
            (with.charges_per_second(LOAD.0, LOAD.1, time).await, plain)
        };
        let collector =
            cpu::of("otelcol").since(&before).as_secs_f64() * 1e6 / (exported * time.as_secs_f64());
        figure.beside = format!("; CPU us of the collector per charge: {collector:.1}");
        figure.rounds.push((exported, plain));
    }
    let sent = with.exported().await;
    assert!(sent > 0, "nothing was exported: both sides are the same");
    figure.print(options.json);
    if !options.json {
        println!("{sent} spans were exported, of one batch in ten; bar: the ratio is 0.95 at least");
    }
}
