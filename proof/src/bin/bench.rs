//! Benchmarks: figures of the release binaries beside this one.
#![expect(clippy::print_stdout, reason = "the figures are what was asked for")]
#![expect(clippy::float_arithmetic, reason = "figures are ratios of measurements; no money here")]
#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up has no figures")]

use clap::{Args, Parser};
use proof::processes::{Service, free_port};
use serde_json::json;
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, client};

#[derive(Parser)]
enum Command {
    /// From start to ready, and resident memory when idle.
    Startup(Options),
}

#[derive(Args)]
struct Options {
    /// Starts of each service.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// One figure, sorted, with the bar it is held against.
struct Figure {
    case: String,
    unit: &'static str,
    bar: f64,
    values: Vec<f64>,
}

#[tokio::main]
async fn main() {
    let Command::Startup(options) = Command::parse();
    let home = Home::new();
    let http = client::plain();
    let invoices = Database::fresh(&home, Engine::Sqlite, "invoice-app", invoice_app::store::MIGRATIONS);
    let provider =
        Database::fresh(&home, Engine::Sqlite, "payment-provider", payment_provider::store::MIGRATIONS);
    let endpoint = format!("https://localhost:{}", free_port());
    for (name, vars) in [
        ("invoice-app", invoice_app_vars(&home, &invoices.url, &endpoint)),
        ("payment-provider", provider_vars(&home, &provider.url)),
    ] {
        let mut service = Service::new(&home, name, free_port(), vars);
        let (mut ready, mut rss) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let took = service.start(&http).await;
            ready.push(took.as_secs_f64() * 1e3);
            rss.push(f64::from(u32::try_from(service.rss_kib()).expect("a size")) / 1024.0);
            service.kill();
        }
        Figure { case: format!("{name}/ready"), unit: "ms", bar: 50.0, values: ready }.print(options.json);
        Figure { case: format!("{name}/idle_rss"), unit: "MiB", bar: 16.0, values: rss }.print(options.json);
    }
}

impl Figure {
    fn print(mut self, as_json: bool) {
        self.values.sort_by(f64::total_cmp);
        let (min, max) = (self.values[0], self.values[self.values.len() - 1]);
        let median = self.values[self.values.len() / 2];
        let ratio = median / self.bar;
        let (case, unit, bar) = (self.case, self.unit, self.bar);
        if as_json {
            println!(
                "{}",
                json!({"bench": "startup", "case": case, "value": median, "unit": unit, "reference": bar,
                       "ratio": ratio, "min": min, "max": max})
            );
        } else {
            println!(
                "{case:<28} {median:>7.1} {unit:<4} min {min:.1} max {max:.1}   bar {bar} {unit}, ratio {ratio:.2}"
            );
        }
    }
}
