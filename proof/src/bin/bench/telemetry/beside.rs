//! The collector and the Prometheus beside what is measured.

use std::process::Command;

use proof::processes::free_port;
use service::settings::{Var, Vars};
use testkit::Home;

use crate::postgres;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test");
const CI: Var = Var::unset("CI", "`true` makes a skipped check a failure");

/// What runs beside the service, for as long as this is held.
pub struct Beside {
    home: Home,
    /// Where the collector takes what is exported.
    pub endpoint: String,
}

impl Beside {
    /// Starts collector and Prometheus.
    pub fn start() -> Self {
        let (home, port) = (Home::new(), free_port());
        let beside = Self { home, endpoint: format!("http://127.0.0.1:{port}") };
        let health = free_port().to_string();
        beside.script("collector", "up", &[("LISTEN_PORT", &port.to_string()), ("HEALTH_PORT", &health)]);
        beside.script("prometheus", "up", &[("LISTEN_PORT", &free_port().to_string())]);
        beside
    }

    /// Scrapes a service every second.
    pub fn scrape(&self, address: &str) {
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

/// Whether their programs are here.
pub fn is_here() -> bool {
    let there = |name: &str| {
        let output = Command::new(format!("{SCRIPTS}/{name}.sh")).arg("installed").output();
        output.is_ok_and(|output| output.status.success())
    };
    let (vars, all) = (Vars::from_env(), postgres::is_here() && there("collector") && there("prometheus"));
    assert!(all || vars.text(&CI).as_deref() != Some("true"), "CI=true, and a server is missing");
    all
}
