//! The services as processes of their own, to be killed and started again.
#![expect(clippy::expect_used, reason = "a proof that cannot be set up has failed")]

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::Home;

pub use testkit::ports::free_port;

/// Longest wait for a service to be ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service's binary with its variables; its ports stay the same whenever it is started.
pub struct Service {
    binary: PathBuf,
    role: &'static str,
    vars: Vec<(&'static str, String)>,
    log: PathBuf,
    admin: String,
    child: Option<Child>,
}

/// Where `cargo build` puts binaries: beside the folder of this test's own.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    let folder = own.ancestors().nth(2).expect("target/<profile>/deps/<test>").to_owned();
    let (here, beside) = (own.with_file_name(name), folder.join(name));
    let found = if here.exists() { here } else { beside };
    assert!(found.exists(), "{} is missing: run `cargo build --bins` first", found.display());
    found
}

/// A retry policy that asks about unknown outcomes within 100 ms, as a file.
#[must_use]
pub fn impatient(home: &Home) -> String {
    let standard = include_str!("../../invoice-app/retry-policy.toml");
    let impatient = standard.replace("first_wait_ms = 300000", "first_wait_ms = 100");
    let impatient = impatient.replace("longest_wait_ms = 21600000", "longest_wait_ms = 100");
    std::fs::write(home.path("retry-policy.toml"), impatient).expect("a file");
    home.text("retry-policy.toml")
}

impl Service {
    /// Prepares a service; later variables override earlier ones.
    #[must_use]
    pub fn new(home: &Home, name: &str, port: u16, mut vars: Vec<(&'static str, String)>) -> Self {
        let admin = format!("127.0.0.1:{}", free_port());
        vars.push(("LISTEN", format!("127.0.0.1:{port}")));
        vars.push(("ADMIN_LISTEN", admin.clone()));
        let log = home.path(&format!("{name}.log"));
        let admin = format!("http://{admin}");
        Self { binary: binary(name), role: "serve", vars, log, admin, child: None }
    }

    /// Prepares an invoice-app that charges and has no public port.
    #[must_use]
    pub fn worker(home: &Home, number: usize, vars: Vec<(&'static str, String)>) -> Self {
        let mut worker = Self::new(home, "invoice-app", 0, vars);
        worker.role = "worker";
        worker.log = home.path(&format!("worker-{number}.log"));
        worker
    }

    /// Sets a variable for the next start, or with an empty value takes it away.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.vars.retain(|(known, _)| *known != name);
        self.vars.push((name, value.to_owned()));
    }

    /// Starts the process and does not wait for it.
    pub fn launch(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log).expect("a log");
        let mut command = Command::new(&self.binary);
        command.arg(self.role).env_clear().envs(self.vars.iter().map(|(name, value)| (*name, value)));
        command.stdout(log.try_clone().expect("a log")).stderr(log).stdin(Stdio::null());
        self.child = Some(command.spawn().expect("a process"));
    }

    /// Starts the process; gives how long it took to be ready.
    pub async fn start(&mut self, http: &reqwest::Client) -> Duration {
        let started = Instant::now();
        self.launch();
        while started.elapsed() < PATIENCE {
            if self.probe(http, "readyz", PATIENCE).await == Some(200) {
                return started.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        assert!(log.is_empty(), "not ready within {PATIENCE:?}: {log}");
        PATIENCE
    }

    /// The status of a probe of the admin port, as the kubelet asks it; nothing when there is no answer in time.
    pub async fn probe(&self, http: &reqwest::Client, name: &str, wait: Duration) -> Option<u16> {
        let answer = http.get(format!("{}/{name}", self.admin)).timeout(wait).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    }

    /// Where its metrics are: host and port.
    #[must_use]
    pub fn admin(&self) -> &str {
        self.admin.trim_start_matches("http://")
    }

    /// The value of a metric with its labels, as it stands in the text; 0 when it is not there.
    pub async fn metric(&self, http: &reqwest::Client, name: &str) -> u64 {
        let text = self.metrics(http).await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().expect("a whole number"))
    }

    /// The sum of a counter's series that have these labels.
    pub async fn sum(&self, http: &reqwest::Client, name: &str, labels: &[(&str, &str)]) -> u64 {
        crate::scraped::sum(&self.metrics(http).await, name, labels)
    }

    /// All metrics as text.
    pub async fn metrics(&self, http: &reqwest::Client) -> String {
        let answer = http.get(format!("{}/metrics", self.admin)).send().await.expect("metrics");
        answer.text().await.expect("text")
    }

    /// What it wrote so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The service, or which worker it is.
    #[must_use]
    pub fn name(&self) -> String {
        self.log.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().expect("a process").is_some())
    }

    /// SIGSTOP: nothing of it runs until [`Service::resume`].
    pub fn suspend(&self) {
        self.signal("-STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let Some(child) = &self.child else { return };
        let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(sent.expect("the command `kill`").success(), "kill {signal} {}", child.id());
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a process to kill");
            child.wait().expect("a process that ends");
        }
    }

    /// Its process id; 0 while it does not run.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Resident memory, KiB.
    #[must_use]
    pub fn rss_kib(&self) -> u64 {
        let id = self.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("a running process");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
