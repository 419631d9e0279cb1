//! From start to ready, and resident memory when idle.

use proof::processes::{Service, free_port};
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, client};

use super::Options;
use super::figure::Figure;

/// Longest start, ms, and most resident memory when idle, MiB.
const BARS: (f64, f64) = (50.0, 16.0);

pub async fn run(options: Options) {
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
        for _ in 0..options.rounds.unwrap_or(20) {
            let took = service.start(&http).await;
            ready.push((took.as_secs_f64() * 1e3, BARS.0));
            rss.push((f64::from(u32::try_from(service.rss_kib()).expect("a size")) / 1024.0, BARS.1));
            service.kill();
        }
        for (what, unit, rounds) in [("ready", "ms", ready), ("idle_rss", "MiB", rss)] {
            let case = format!("{name}/{what}");
            Figure { bench: "startup", case, unit, rounds, beside: String::new() }.print(options.json);
        }
    }
}
