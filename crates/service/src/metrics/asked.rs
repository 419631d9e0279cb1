//! Gauges that are read when they are asked for, and so are never old.

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Error, IntGaugeVec, Opts};

use super::{Described, Metrics};

/// A gauge, and who sets it.
struct Asked<F> {
    gauge: IntGaugeVec,
    ask: F,
}

impl<F: Fn(&IntGaugeVec) + Send + Sync> Collector for Asked<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        (self.ask)(&self.gauge);
        self.gauge.collect()
    }
}

impl Metrics {
    /// Gauges that `ask` sets whenever the metrics are asked for; it must not block.
    pub fn asked(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[&'static str],
        ask: impl Fn(&IntGaugeVec) + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let gauge = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.register(Described::gauge(name, help, labels), Asked { gauge, ask })
    }

    /// The same without labels.
    pub fn asked_level(
        &self,
        name: &'static str,
        help: &'static str,
        ask: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Result<(), Error> {
        self.asked(name, help, &[], move |gauge| gauge.with_label_values(&[] as &[&str]).set(ask()))
    }
}
