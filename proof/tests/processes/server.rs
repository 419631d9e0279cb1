//! A PostgreSQL of a test's own, to be stopped and started.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use proof::processes::free_port;
use tempfile::TempDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test/postgres.sh");

/// It is gone with the test.
pub(crate) struct Server {
    home: TempDir,
    port: u16,
    pub(crate) url: String,
}

impl Server {
    /// Makes it, and starts it.
    pub(crate) fn start() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        // It runs as a user of its own, which must get through.
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o711)).expect("permissions");
        let mut server = Self { home, port: free_port(), url: String::new() };
        let exports = server.script("up");
        let url = exports.lines().find_map(|line| line.strip_prefix("export TEST_DATABASE_URL="));
        server.url = url.expect("its URL").trim_matches('\'').to_owned();
        server
    }

    /// Stops it in good order, for as long as the answer lives.
    pub(crate) fn away(&self) -> Away<'_> {
        self.script("stop");
        Away(self)
    }

    /// Stops it dead, and starts it again.
    pub(crate) fn crash(&self) {
        self.script("crash");
    }

    fn script(&self, verb: &str) -> String {
        let directory: PathBuf = self.home.path().join("postgres");
        let mut command = Command::new(SCRIPT);
        command.arg(verb).arg(directory);
        let port = self.port.to_string();
        let output = command.env("LISTEN_HOST", "127.0.0.1").env("LISTEN_PORT", port).output();
        let output = output.expect("scripts/test/postgres.sh");
        assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

/// A server that is not there. It comes back also when the test fails meanwhile: its databases are still to be dropped.
pub(crate) struct Away<'a>(&'a Server);

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.0.script("up");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.script("down");
    }
}
