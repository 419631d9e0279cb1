//! Prometheus metrics of one service: a registry of its own, so that two services can live in one process.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
};

/// What every service measures; labels have few values by construction.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    http: HistogramVec,
    refusals: IntCounterVec,
}

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

impl Metrics {
    /// A registry with the metrics that all services share.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let opts = HistogramOpts::new("http_server_request_duration_seconds", "Time to answer a request.");
        let http = HistogramVec::new(
            opts.buckets(SECONDS.to_vec()),
            &["http_request_method", "http_route", "http_response_status_code"],
        )?;
        let refusals = IntCounterVec::new(
            Opts::new("auth_refusals_total", "Calls that were refused, by layer and reason."),
            &["layer", "reason"],
        )?;
        registry.register(Box::new(http.clone()))?;
        registry.register(Box::new(refusals.clone()))?;
        Ok(Self { registry, http, refusals })
    }

    /// A further counter with labels.
    pub fn counter(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, prometheus::Error> {
        let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.registry.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    /// A further gauge with labels.
    pub fn gauge(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        let gauge = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.registry.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    /// A further gauge in seconds.
    pub fn seconds(&self, name: &str, help: &str) -> Result<GaugeVec, prometheus::Error> {
        let gauge = GaugeVec::new(Opts::new(name, help), &[])?;
        self.registry.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    /// Counts one refused call.
    pub fn refused(&self, reason: &str) {
        self.refusals.with_label_values(&["application", reason]).inc();
    }

    /// All metrics in Prometheus' text format.
    #[must_use]
    pub fn text(&self) -> String {
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }
}

/// Middleware: measures each request and writes its access log line.
pub async fn middleware<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = std::time::Instant::now();
    let metrics = req.app_data::<web::Data<Metrics>>().cloned();
    let method = known_method(req.method().as_str());
    // Patterns and not paths: the label has as many values as there are routes.
    let route = req.match_pattern().unwrap_or_else(|| "unmatched".into());
    let answer = next.call(req).await;
    let status =
        answer.as_ref().map_or_else(|e| e.as_response_error().status_code(), ServiceResponse::status);
    let took = started.elapsed();
    if let Some(metrics) = metrics {
        metrics.http.with_label_values(&[method, &route, status.as_str()]).observe(took.as_secs_f64());
    }
    tracing::info!(status = status.as_u16(), took_us = took.as_micros(), "answered");
    answer
}

fn known_method(method: &str) -> &'static str {
    ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"]
        .into_iter()
        .find(|known| *known == method)
        .unwrap_or("_OTHER")
}
