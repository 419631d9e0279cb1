//! Both services as processes, which look at their files ten times a second.

use std::path::Path;
use std::time::{Duration, Instant};

use contracts::charge::HEALTH_PATH;
use gate::token::charge::ChargeSigner;
use proof::processes::{Service, free_port};
use service::Clock;
use testkit::stack::{invoice_app_vars, provider_vars};
use testkit::{Database, Engine, Home, client};

/// Longest wait for anything that is about to happen.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(10);

pub(crate) struct Running {
    pub(crate) home: Home,
    pub(crate) invoices: Database,
    pub(crate) charges: Database,
    pub(crate) invoice_app: Service,
    pub(crate) provider: Service,
    pub(crate) url: String,
    pub(crate) provider_url: String,
    pub(crate) http: reqwest::Client,
}

impl Running {
    pub(crate) async fn start(engine: Engine) -> Self {
        let home = Home::new();
        let invoices = Database::fresh(&home, engine, "invoice-app", invoice_app::store::MIGRATIONS);
        let charges = Database::fresh(&home, engine, "payment-provider", payment_provider::store::MIGRATIONS);
        let (port, provider_port) = (free_port(), free_port());
        let provider_url = format!("https://localhost:{provider_port}");
        let often = || ("RELOAD_MS", "100".to_owned());
        let mut own = invoice_app_vars(&home, &invoices.url, &provider_url);
        // Small batches, so that there are always several requests on their way.
        own.extend([often(), ("CHARGE_BATCH_SIZE", "3".into()), ("CHARGES_IN_FLIGHT", "8".into())]);
        let mut theirs = provider_vars(&home, &charges.url);
        theirs.extend([often(), ("ACQUIRER_SUCCESS_RATE", "1".into())]);
        let provider = Service::new(&home, "payment-provider", provider_port, theirs);
        let invoice_app = Service::new(&home, "invoice-app", port, own);
        let (url, http) = (format!("http://localhost:{port}"), client::plain());
        let mut all = Self { home, invoices, charges, invoice_app, provider, url, provider_url, http };
        all.provider.start(&all.http).await;
        all.invoice_app.start(&all.http).await;
        all
    }

    /// How often a service took files over.
    pub(crate) async fn taken_over(&self, what: &str) -> u64 {
        self.reloads(what, "taken_over").await
    }

    /// How often a service said that files cannot be used.
    pub(crate) async fn refused(&self, what: &str) -> u64 {
        self.reloads(what, "refused").await
    }

    async fn reloads(&self, what: &str, result: &str) -> u64 {
        let service = if what == "caller" { &self.invoice_app } else { &self.provider };
        let metric = format!("identity_reloads_total{{result=\"{result}\",what=\"{what}\"}}");
        service.metric(&self.http, &metric).await
    }

    /// Does something to files, and waits until each of `whats` has taken them over once more.
    pub(crate) async fn reloading(&self, whats: &[&str], change: impl FnOnce(&Home)) {
        let mut before = Vec::new();
        for what in whats {
            before.push(self.taken_over(what).await);
        }
        change(&self.home);
        for (what, before) in whats.iter().zip(before) {
            until(&format!("{what} is taken over"), async || self.taken_over(what).await > before).await;
        }
    }

    /// How many requests the provider refused for a reason.
    pub(crate) async fn refusals(&self, reason: &str) -> u64 {
        self.provider.sum(&self.http, "auth_refusals_total", &[("reason", reason)]).await
    }

    /// The status of one signed request, or why there is none.
    pub(crate) async fn ask(&self, client: &reqwest::Client, signer: &ChargeSigner) -> Result<u16, String> {
        let token = signer.sign("GET", HEALTH_PATH, b"", Clock::system().seconds()).expect("a token");
        let request = client.get(format!("{}{HEALTH_PATH}", self.provider_url)).bearer_auth(token);
        let answer = request.send().await.map_err(|e| format!("{e:?}"))?;
        Ok(answer.status().as_u16())
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Replaces a file as an operator's tool does.
pub(crate) fn put(path: &Path, content: impl AsRef<[u8]>) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, content).expect("a file");
    std::fs::rename(beside, path).expect("a file in its place");
}

/// Copies a folder of files.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        put(&to.join(entry.file_name()), std::fs::read(entry.path()).expect("a file"));
    }
}
