//! Traces and logs for a collector, by OTLP over HTTP: a bounded queue per signal, and one task that empties it. Nobody
//! ever waits for a collector; what there is no room for is counted and forgotten. The subscriber and this belong to the
//! process and not to the service: `run::logging` alone starts them.

mod export;
mod queue;
mod resource;
mod settings;

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use prometheus::IntCounterVec;
use tokio::task::JoinHandle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::metrics::Metrics;
use crate::server::{Shutdown, Trigger};
use crate::settings::{ConfigError, Vars};
use queue::{Counts, PACE};

pub use settings::{Settings, VARS};

/// Longest wait for what is queued when the process ends.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// Whose own lines are not exported: each export would be the cause of the next.
const OF_THE_WAY_OUT: [&str; 6] = ["opentelemetry", "hyper", "h2", "reqwest", "rustls", "tower"];

static RUNNING: OnceLock<Running> = OnceLock::new();

/// What goes on while the process exports.
struct Running {
    tracer: SdkTracer,
    counts: Counts,
    stop: Trigger,
    /// Held for as long as it takes to take them.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// Starts exporting, where the settings name a collector, and gives the layer that logs go through. Needs a running
/// tokio then.
pub(crate) fn start<S: Subscriber + for<'a> LookupSpan<'a>>(
    vars: &Vars,
    name: &'static str,
) -> Result<Option<impl Layer<S> + use<S>>, ConfigError> {
    let settings = Settings::read(vars)?;
    let Some(collector) = settings.collector else { return Ok(None) };
    let (traces, logs) = export::exporters(&collector, &resource::of(name, settings.attributes.clone()))?;
    let (counts, (stop, stopping)) = (Counts::default(), Shutdown::manual());
    let (spans, emptying_spans) = queue::queue(traces, counts.clone(), PACE, stopping.clone());
    let (lines, emptying_lines) = queue::queue(logs, counts.clone(), PACE, stopping);
    let ratio = Sampler::TraceIdRatioBased(settings.ratio);
    let sampler = Sampler::ParentBased(Box::new(ratio));
    let provider = SdkTracerProvider::builder().with_sampler(sampler).with_span_processor(spans).build();
    let tasks = Mutex::new(vec![tokio::spawn(emptying_spans), tokio::spawn(emptying_lines)]);
    let running = Running { tracer: provider.tracer("antaeus"), counts, stop, tasks };
    if RUNNING.set(running).is_err() {
        return Err(ConfigError::internal("telemetry runs already"));
    }
    Ok(Some(log_layer(&SdkLoggerProvider::builder().with_log_processor(lines).build())))
}

fn log_layer<S: Subscriber + for<'a> LookupSpan<'a>>(provider: &SdkLoggerProvider) -> impl Layer<S> + use<S> {
    let bridge: OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger> =
        OpenTelemetryTracingBridge::new(provider);
    bridge.with_filter(filter_fn(|meta| meta.is_event() && !is_of_the_way_out(meta.target())))
}

fn is_of_the_way_out(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or_default();
    OF_THE_WAY_OUT.iter().any(|name| root.starts_with(name))
}

/// Who records spans, if anybody does.
pub(crate) fn tracer() -> Option<&'static SdkTracer> {
    RUNNING.get().map(|running| &running.tracer)
}

/// Registers `telemetry_exported_total`; it counts for the one service of a process that exports.
pub fn measure(metrics: &Metrics) -> Result<(), ConfigError> {
    let help = "Spans and log lines, by what became of them on their way to the collector.";
    let counter = metrics.counter("telemetry_exported_total", help, &["signal", "result"]);
    let counter: IntCounterVec = counter.map_err(ConfigError::internal)?;
    for signal in ["traces", "logs"] {
        for result in ["sent", "failed", "dropped"] {
            counter.with_label_values(&[signal, result]).inc_by(0);
        }
    }
    if let Some(running) = RUNNING.get() {
        running.counts.count_with(counter);
    }
    Ok(())
}

/// Sends what is queued, for as long as the end of a process may take.
pub(crate) async fn flush() {
    let Some(running) = RUNNING.get() else { return };
    running.stop.pull();
    let tasks = std::mem::take(&mut *running.tasks.lock().unwrap_or_else(PoisonError::into_inner));
    tokio::time::timeout(LAST_WORDS, futures_util::future::join_all(tasks)).await.ok();
}

#[cfg(test)]
mod tests {
    use super::is_of_the_way_out;

    #[test]
    fn what_is_said_on_the_way_out_is_not_exported_and_what_we_say_is() {
        for target in ["hyper_util::client", "reqwest::connect", "opentelemetry_sdk", "h2::proto"] {
            assert!(is_of_the_way_out(target), "{target}");
        }
        for target in ["service::telemetry::queue", "audit", "invoice_app::jobs", "actix_server"] {
            assert!(!is_of_the_way_out(target), "{target}");
        }
    }
}
