//! Prometheus metrics of one service: a registry of its own, so that two services can live in one process. Whatever is
//! registered is described, and has no label that is not declared in [`labels`].

mod asked;
mod calls;
mod described;
mod http;
pub mod labels;
mod looks;
mod pool;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use db::Db;
use gate::Refusal;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Error, Gauge, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

pub use calls::Calls;
pub use described::{Described, Type};
pub(crate) use http::known_method;
pub use http::middleware;
pub use looks::look_every_few_seconds;

/// What every service measures, and whatever else it registers; cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    /// Held for as long as it takes to add or copy a description.
    described: Arc<Mutex<BTreeMap<&'static str, Described>>>,
    http: http::Meters,
    refusals: IntCounterVec,
    keys: IntCounterVec,
    calls: Arc<OnceLock<HistogramVec>>,
}

/// From a millisecond to half a minute.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

impl Metrics {
    /// A registry with the metrics that all services share.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let described = Arc::default();
        let http = http::Meters::new()?;
        let refusals = counters("auth_refusals_total", REFUSALS, &["layer", "reason", "principal"])?;
        let keys = counters("api_keys_accepted_total", KEYS, &["remaining"])?;
        let new = Self { registry, described, http, refusals, keys, calls: Arc::default() };
        new.http.register(&new)?;
        let labels = ["layer", "reason", "principal"];
        new.register(Described::counter("auth_refusals_total", REFUSALS, &labels), new.refusals.clone())?;
        new.register(Described::counter("api_keys_accepted_total", KEYS, &["remaining"]), new.keys.clone())?;
        for reason in Refusal::ALL {
            new.refusals.with_label_values(&["application", reason.reason(), "none"]);
        }
        let begin = |values: &[&str]| drop(new.keys.with_label_values(values));
        labels::each("api_keys_accepted_total", &["remaining"], begin);
        new.registry.register(Box::new(ProcessCollector::for_self()))?;
        described::PROCESS.iter().for_each(|one| new.describe(one.clone()));
        let help = "1; which version of the program runs.";
        new.gauge("build_info", help, &["version"])?.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(new)
    }

    /// The same for a service with a database.
    pub fn of(db: &Db) -> Result<Self, Error> {
        let new = Self::new()?;
        new.pools(db)?;
        Ok(new)
    }

    /// Counters; where each value of each label is known, their series begin at 0.
    pub fn counter(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[&'static str],
    ) -> Result<IntCounterVec, Error> {
        let counter = counters(name, help, labels)?;
        self.register(Described::counter(name, help, labels), counter.clone())?;
        labels::each(name, labels, |values| drop(counter.with_label_values(values)));
        Ok(counter)
    }

    /// A counter without labels.
    pub fn total(&self, name: &'static str, help: &'static str) -> Result<IntCounter, Error> {
        let counter = IntCounter::new(name, help)?;
        self.register(Described::counter(name, help, &[]), counter.clone())?;
        Ok(counter)
    }

    /// Gauges; where each value of each label is known, their series begin at 0.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[&'static str],
    ) -> Result<IntGaugeVec, Error> {
        let gauge = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.register(Described::gauge(name, help, labels), gauge.clone())?;
        labels::each(name, labels, |values| drop(gauge.with_label_values(values)));
        Ok(gauge)
    }

    /// A gauge without labels.
    pub fn level(&self, name: &'static str, help: &'static str) -> Result<IntGauge, Error> {
        let gauge = IntGauge::new(name, help)?;
        self.register(Described::gauge(name, help, &[]), gauge.clone())?;
        Ok(gauge)
    }

    /// A gauge in seconds, without labels.
    pub fn seconds(&self, name: &'static str, help: &'static str) -> Result<Gauge, Error> {
        let gauge = Gauge::new(name, help)?;
        self.register(Described::gauge(name, help, &[]), gauge.clone())?;
        Ok(gauge)
    }

    /// Counts one refused call, of whom as far as that is proven.
    pub fn refused(&self, refusal: Refusal, principal: &str) {
        self.refusals.with_label_values(&["application", refusal.reason(), principal]).inc();
    }

    /// Counts an API key that was accepted and ends within a week, or later.
    pub fn accepted(&self, ends_within_a_week: bool) {
        self.keys.with_label_values(&[if ends_within_a_week { "week" } else { "longer" }]).inc();
    }

    /// What is measured, in the order of names.
    #[must_use]
    pub fn described(&self) -> Vec<Described> {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// All metrics in Prometheus' text format.
    #[must_use]
    pub fn text(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }

    /// Whatever is counted goes through here: a label that nobody has declared may have any number of values.
    fn register(&self, one: Described, collector: impl Collector + 'static) -> Result<(), Error> {
        if let Some(label) = one.labels.iter().find(|label| labels::values(one.name, label).is_none()) {
            let name = one.name;
            let what = "say in service::metrics::labels which values it has";
            return Err(Error::Msg(format!("{name} has a label {label} that is not declared: {what}")));
        }
        self.registry.register(Box::new(collector))?;
        self.describe(one);
        Ok(())
    }

    fn describe(&self, one: Described) {
        self.described.lock().unwrap_or_else(PoisonError::into_inner).insert(one.name, one);
    }
}

const REFUSALS: &str =
    "Calls that were refused, by layer, by reason, and by who it was as far as that is proven.";
const KEYS: &str = "Requests with an API key that was accepted, by how long the key is still good.";

fn counters(name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, Error> {
    IntCounterVec::new(Opts::new(name, help), labels)
}

fn histograms(name: &str, help: &str, labels: &[&str]) -> Result<HistogramVec, Error> {
    HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), labels)
}

#[cfg(test)]
mod tests;
