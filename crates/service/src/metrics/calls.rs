//! How long other services take to answer.

use std::future::Future;
use std::time::Instant;

use prometheus::{Error, Histogram};

use super::{Described, Metrics, histograms};

const NAME: &str = "http_client_request_duration_seconds";
const HELP: &str = "Time until another service answered a request, by what that proves: nothing is known of what \
                    became of a request without an answer.";
const LABELS: [&str; 2] = ["peer", "outcome"];

/// Calls of one peer; its series are looked up once.
#[derive(Clone)]
pub struct Calls {
    answered: Histogram,
    refused: Histogram,
    unknown: Histogram,
}

impl Metrics {
    /// For the calls of a peer.
    pub fn calls(&self, peer: &str) -> Result<Calls, Error> {
        let calls = match self.calls.get() {
            Some(calls) => calls.clone(),
            None => {
                let calls = histograms(NAME, HELP, &LABELS)?;
                self.register(Described::histogram(NAME, HELP, &LABELS), calls.clone())?;
                self.calls.get_or_init(|| calls).clone()
            }
        };
        let of = |outcome| calls.with_label_values(&[peer, outcome]);
        Ok(Calls { answered: of("answered"), refused: of("refused"), unknown: of("unknown") })
    }
}

impl Calls {
    /// Waits for an answer; `status` is its HTTP status, if there is one.
    pub async fn measure<T>(&self, call: impl Future<Output = T>, status: impl Fn(&T) -> Option<u16>) -> T {
        let started = Instant::now();
        let answer = call.await;
        let series = match status(&answer) {
            Some(200..300) => &self.answered,
            Some(400..500) => &self.refused,
            Some(_) | None => &self.unknown,
        };
        series.observe(started.elapsed().as_secs_f64());
        answer
    }
}
