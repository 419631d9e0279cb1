//! What dashboards, rules, traces and logs are made of, from the five services as processes, by a real Prometheus and the
//! real collector. `./test.sh observability` starts the one and makes the other.
#![expect(clippy::expect_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "what is left to others is counted aloud")]
#![expect(clippy::print_stderr, reason = "a skipped check says so")]

mod a_day;
mod canaries;
mod collector;
mod customers;
mod exported;
mod faults;
mod money;
mod outage;
mod prometheus;
mod redaction;
mod scenario;
mod secrets;
mod spans;
mod stage;
mod strangers;
mod traces;
mod watch;

use std::time::{Duration, Instant};

/// Longest wait for anything that is about to happen.
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(200);

/// Waits until something is so.
pub(crate) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Says that something is not tested, which is a failure in CI.
pub(crate) fn skipped(what: &str) {
    let ci = service::Var::unset("CI", "`true` makes a skipped check a failure");
    assert!(service::Vars::from_env().text(&ci).as_deref() != Some("true"), "CI=true and {what}");
    eprintln!("SKIPPED: {what}");
}
