//! Requests: how long each took, and how many are being answered.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use prometheus::{HistogramVec, IntGauge};

use super::labels::METHODS;
use super::{Described, Metrics, histograms};

const TOOK: &str = "http_server_request_duration_seconds";
const TOOK_HELP: &str = "Time to answer a request.";
const TOOK_LABELS: [&str; 3] = ["http_request_method", "http_route", "http_response_status_code"];
const ACTIVE: &str = "http_server_active_requests";
const ACTIVE_HELP: &str = "Requests that are being answered.";

/// What is counted of requests.
#[derive(Clone)]
pub(super) struct Meters {
    took: HistogramVec,
    active: IntGauge,
}

impl Meters {
    pub fn new() -> Result<Self, prometheus::Error> {
        let took = histograms(TOOK, TOOK_HELP, &TOOK_LABELS)?;
        Ok(Self { took, active: IntGauge::new(ACTIVE, ACTIVE_HELP)? })
    }

    pub fn register(&self, metrics: &Metrics) -> Result<(), prometheus::Error> {
        metrics.register(Described::histogram(TOOK, TOOK_HELP, &TOOK_LABELS), self.took.clone())?;
        metrics.register(Described::gauge(ACTIVE, ACTIVE_HELP, &[]), self.active.clone())
    }
}

/// One request that is being answered; no more once this is gone, whether it was answered or given up.
struct Active(IntGauge);

impl Active {
    fn begin(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Middleware: measures each request and writes its access log line.
pub async fn middleware<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let started = std::time::Instant::now();
    let meters = req.app_data::<web::Data<Metrics>>().map(|metrics| metrics.http.clone());
    let _active = meters.as_ref().map(|meters| Active::begin(&meters.active));
    let method = known_method(req.method().as_str());
    // Patterns and not paths: the label has as many values as there are routes.
    let route = req.match_pattern().unwrap_or_else(|| "unmatched".into());
    let answer = next.call(req).await;
    let status =
        answer.as_ref().map_or_else(|e| e.as_response_error().status_code(), ServiceResponse::status);
    let took = started.elapsed();
    if let Some(meters) = meters {
        meters.took.with_label_values(&[method, &route, status.as_str()]).observe(took.as_secs_f64());
    }
    tracing::info!(status = status.as_u16(), took_us = took.as_micros(), "answered");
    answer
}

/// A method, or the one word for all that are not known.
pub(crate) fn known_method(method: &str) -> &'static str {
    METHODS.iter().find(|known| **known == method).unwrap_or(&"_OTHER")
}
