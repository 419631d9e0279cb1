//! What is counted of events. Labels have few values: types that nobody knows are one.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::event::Kind;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec};
use service::ConfigError;
use service::clock::Micros;
use service::metrics::Metrics;

/// Counters and gauges of events; cheap to clone.
#[derive(Clone)]
pub struct Meters {
    published: IntCounterVec,
    consumed: IntCounterVec,
    waiting: IntGaugeVec,
    lag: GaugeVec,
    held: IntGaugeVec,
    broker: IntGaugeVec,
}

impl Meters {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Result<Self, ConfigError> {
        let counter =
            |name, help, labels: &[&str]| metrics.counter(name, help, labels).map_err(ConfigError::internal);
        let gauge =
            |name, help, labels: &[&str]| metrics.gauge(name, help, labels).map_err(ConfigError::internal);
        let help = "How long the oldest event that is not told yet has been waiting.";
        let lag = metrics.seconds("outbox_lag_seconds", help).map_err(ConfigError::internal)?;
        Ok(Self {
            published: counter(
                "events_published_total",
                "Events that were sent, by what the receiver made of them.",
                &["kind", "receiver", "outcome"],
            )?,
            consumed: counter(
                "events_consumed_total",
                "Events that were received, by what became of them.",
                &["kind", "outcome"],
            )?,
            waiting: gauge("outbox_events", "Events that are not told yet, counted up to 100000.", &[])?,
            lag,
            held: gauge("events_held", "Events that were not taken.", &["receiver", "state"])?,
            broker: gauge("broker_connected", "1 while the broker answers, by what for.", &["use"])?,
        })
    }

    /// Counts an event that was sent.
    pub fn published(&self, kind: &str, receiver: &str, outcome: &str) {
        self.published.with_label_values(&[known(kind), receiver, outcome]).inc();
    }

    /// Counts an event that was received.
    pub fn consumed(&self, kind: &str, outcome: &str) {
        self.consumed.with_label_values(&[known(kind), outcome]).inc();
    }

    /// Says whether the broker answers: `publish` or `consume`.
    pub fn broker(&self, what_for: &str, answers: bool) {
        self.broker.with_label_values(&[what_for]).set(answers.into());
    }

    /// Says how the outbox stands.
    pub fn outbox(&self, waiting: i64, oldest: Option<Micros>, now: Micros) {
        let lag = oldest.map_or(0, |oldest| (now - oldest).max(0).unsigned_abs());
        self.waiting.with_label_values(&[] as &[&str]).set(waiting);
        self.lag.with_label_values(&[] as &[&str]).set(Duration::from_micros(lag).as_secs_f64());
    }

    /// Says how many events are held.
    pub fn held(&self, counts: &BTreeMap<String, (i64, i64)>) {
        self.held.reset();
        for (receiver, (waiting, parked)) in counts {
            self.held.with_label_values(&[receiver.as_str(), "waiting"]).set(*waiting);
            self.held.with_label_values(&[receiver.as_str(), "parked"]).set(*parked);
        }
    }
}

fn known(kind: &str) -> &'static str {
    kind.parse::<Kind>().map_or("unknown", Kind::name)
}
