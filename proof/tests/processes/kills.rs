//! SIGKILL of either service at random moments while invoices are being paid.

use std::time::Duration;

use proof::invariants::{broken, open};
use proof::processes::{Service, free_port, impatient};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, client, engines};

/// Moments per engine.
const KILLS: usize = 60;
const INVOICES: &str = "large:600";

struct Processes {
    home: Home,
    invoices: Database,
    provider: Database,
    services: [Service; 2],
    url: String,
    http: reqwest::Client,
}

impl Processes {
    async fn start(engine: Engine) -> Self {
        let home = Home::new();
        let invoices = Database::fresh(&home, engine, "invoice-app", invoice_app::store::MIGRATIONS);
        let provider =
            Database::fresh(&home, engine, "payment-provider", payment_provider::store::MIGRATIONS);
        let set = INVOICES.parse().expect("a data set");
        invoice_app::flows::seed::seed(&invoices.open(), set, service::Clock::system().now()).expect("rows");
        let (port, provider_port) = (free_port(), free_port());
        let mut own = invoice_app_vars(&home, &invoices.url, &format!("https://localhost:{provider_port}"));
        // Leases of 498 ms, and small batches so that there is always something to interrupt.
        own.extend([("PROVIDER_TIMEOUT_MS", "166".to_owned()), ("RETRY_POLICY_FILE", impatient(&home))]);
        own.extend([("CHARGE_BATCH_SIZE", "5".to_owned()), ("COMPAT_MAX_ROUNDS", "1000".to_owned())]);
        let theirs = provider_vars(&home, &provider.url);
        let services = [
            Service::new(&home, "payment-provider", provider_port, theirs),
            Service::new(&home, "invoice-app", port, own),
        ];
        let url = format!("http://localhost:{port}");
        let mut all = Self { home, invoices, provider, services, url, http: client::plain() };
        for service in &mut all.services {
            service.start(&all.http).await;
        }
        all
    }

    async fn pay(&self) {
        let answer = self.http.post(format!("{}/invoices/pay", self.url)).send().await.expect("an answer");
        assert_eq!(answer.text().await.expect("text"), "{}");
    }

    /// Nothing more happens when everything is paid.
    async fn settled(&self, seed: u64) {
        let db = self.invoices.open();
        for _ in 0..600 {
            if open(&db) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = std::fs::read_to_string(self.home.path("invoice-app.log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(20).collect();
        panic!("seed {seed}: {} invoices are stuck; {tail:#?}", open(&db));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_invoice_is_paid_once_whichever_service_is_killed_whenever() {
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for engine in engines() {
        let mut kills = 0;
        while kills < KILLS {
            let mut all = Processes::start(engine).await;
            all.pay().await;
            let db = all.invoices.open();
            while kills < KILLS && open(&db) > 0 {
                tokio::time::sleep(Duration::from_millis(random.random_range(2..70))).await;
                let service = &mut all.services[random.random_range(0..2)];
                service.kill();
                service.start(&all.http).await;
                kills += 1;
            }
            all.settled(seed).await;
            let broken = broken(&db, &all.provider.open());
            assert!(broken.is_empty(), "seed {seed}, {engine:?}: {broken:#?}");
        }
        println!("{engine:?}: {kills} kills, every invoice paid once");
    }
}
