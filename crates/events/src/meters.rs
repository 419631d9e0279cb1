//! What is counted of events. Labels have few values: types that nobody knows are one.

use std::collections::BTreeMap;
use std::time::Duration;

use contracts::event::Kind;
use prometheus::{Gauge, IntCounterVec, IntGauge, IntGaugeVec};
use service::ConfigError;
use service::clock::Micros;
use service::metrics::Metrics;
use service::metrics::labels;

/// Counters and gauges of events; cheap to clone.
#[derive(Clone)]
pub struct Meters {
    published: IntCounterVec,
    consumed: IntCounterVec,
    waiting: IntGauge,
    lag: Gauge,
    held: IntGaugeVec,
    broker: IntGaugeVec,
}

impl Meters {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Result<Self, ConfigError> {
        Self::register(metrics).map_err(ConfigError::internal)
    }

    fn register(metrics: &Metrics) -> Result<Self, prometheus::Error> {
        let lag = "How long the oldest event that is not told yet has been waiting.";
        Ok(Self {
            published: metrics.counter(
                "events_published_total",
                "Events that were sent, by what the receiver made of them.",
                &["kind", "receiver", "outcome"],
            )?,
            consumed: metrics.counter(
                "events_consumed_total",
                "Events that were received, by what became of them.",
                &["kind", "outcome"],
            )?,
            waiting: metrics.level("outbox_events", "Events that are not told yet, counted up to 100000.")?,
            lag: metrics.seconds("outbox_lag_seconds", lag)?,
            held: metrics.gauge("events_held", "Events that were not taken.", &["receiver", "state"])?,
            broker: metrics.gauge(
                "broker_connected",
                "1 while the broker answers, by what for.",
                &["use"],
            )?,
        })
    }

    /// Begins at 0 with what a service hears, and with what it tells whom.
    pub fn begin(&self, heard: &[Kind], told: impl Iterator<Item = (Kind, String)>) {
        for kind in heard {
            for outcome in ["done", "later", "refused"] {
                self.consumed.with_label_values(&[kind.name(), outcome]);
            }
        }
        for (kind, receiver) in told {
            for outcome in ["done", "later", "refused", "unreachable"] {
                self.published.with_label_values(&[kind.name(), labels::receiver(&receiver), outcome]);
            }
        }
    }

    /// Counts an event that was sent.
    pub fn published(&self, kind: &str, receiver: &str, outcome: &str) {
        self.published.with_label_values(&[known(kind), labels::receiver(receiver), outcome]).inc();
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
        self.waiting.set(waiting);
        self.lag.set(Duration::from_micros(lag).as_secs_f64());
    }

    /// Says how many events are held for whom; for whoever is not among them, none.
    pub fn held(&self, counts: &BTreeMap<String, (i64, i64)>) {
        for receiver in labels::RECEIVERS {
            let theirs = counts.iter().filter(|(name, _)| labels::receiver(name) == *receiver);
            let (waiting, parked) = theirs.fold((0, 0), |sum, (_, held)| (sum.0 + held.0, sum.1 + held.1));
            self.held.with_label_values(&[*receiver, "waiting"]).set(waiting);
            self.held.with_label_values(&[*receiver, "parked"]).set(parked);
        }
    }
}

fn known(kind: &str) -> &'static str {
    kind.parse::<Kind>().map_or("unknown", Kind::name)
}
