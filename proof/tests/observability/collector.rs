//! A collector of a test's own, as it is deployed but that it writes into files.

use std::path::PathBuf;
use std::process::Command;

use proof::processes::free_port;
use serde_json::Value;
use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test/collector.sh");

/// It is gone with the test.
pub(crate) struct Collector {
    home: TempDir,
    port: u16,
    health: u16,
    tls: Option<PathBuf>,
}

impl Collector {
    /// Starts it; nothing but a loud word where it is not installed, which is a failure in CI.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(None)
    }

    /// The same by https alone, with the certificate and the key of a folder.
    pub(crate) fn guarded(tls: PathBuf) -> Option<Self> {
        Self::start_with(Some(tls))
    }

    fn start_with(tls: Option<PathBuf>) -> Option<Self> {
        let there = Command::new(SCRIPT).arg("installed").output().expect("scripts/test/collector.sh");
        if !there.status.success() {
            crate::skipped("no collector: scripts/tools.sh otelcol makes it");
            return None;
        }
        let home = tempfile::tempdir().expect("a temporary directory");
        let collector = Self { home, port: free_port(), health: free_port(), tls };
        collector.up();
        Some(collector)
    }

    /// Where services send to.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.port)
    }

    /// Starts it again.
    pub(crate) fn up(&self) {
        self.script("up");
    }

    /// Stops it; its files stay.
    pub(crate) fn stop(&self) {
        self.script("stop");
    }

    /// What came in, as text: nothing was taken out of it yet.
    pub(crate) fn received(&self) -> String {
        self.file("received.json")
    }

    /// What it passes on, as text.
    pub(crate) fn passed_on(&self) -> String {
        self.file("passed-on.json")
    }

    /// What it passes on, request by request. The last line may be half written.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.passed_on().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory().join(name)).unwrap_or_default()
    }

    fn directory(&self) -> PathBuf {
        self.home.path().join("collector")
    }

    fn script(&self, verb: &str) {
        let mut command = Command::new(SCRIPT);
        command.arg(verb).arg(self.directory());
        command.env("LISTEN_PORT", self.port.to_string()).env("HEALTH_PORT", self.health.to_string());
        command.envs(self.tls.iter().map(|tls| ("TLS_DIR", tls)));
        let output = command.output().expect("scripts/test/collector.sh");
        assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.script("down");
    }
}
