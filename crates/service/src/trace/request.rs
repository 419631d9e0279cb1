//! Requests that come in.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;

use opentelemetry::Context;

use super::header::{self, TRACEPARENT, TRACESTATE};
use super::{Kind, Span, names, remote};
use crate::metrics::known_method;

/// Middleware: makes each request a span, part of the caller's trace if it names one.
pub async fn middleware<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let span = begin(&req);
    let method = known_method(req.method().as_str());
    // Patterns and not paths: what is in a path may be somebody's.
    let route = req.match_pattern();
    if span.is_recorded() {
        span.set(names::METHOD, method);
        span.set(names::SCHEME, if req.app_config().secure() { "https" } else { "http" });
        if let Some(route) = &route {
            span.set(names::ROUTE, route.clone());
        }
        span.rename(|| route.as_ref().map_or_else(|| method.to_owned(), |route| format!("{method} {route}")));
    }
    let (trace_id, span_id) = span.ids();
    let route = route.as_deref().unwrap_or("unmatched");
    let lines = tracing::error_span!("request", trace_id, span_id, method, route);
    let answer = span.run_with(lines, next.call(req)).await;
    end(&span, answer.as_ref().map_or_else(|e| e.as_response_error().status_code(), ServiceResponse::status));
    answer
}

fn begin(req: &ServiceRequest) -> Span {
    let header = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok());
    let caller = header(TRACEPARENT).and_then(|text| header::read(text, header(TRACESTATE)));
    let parent = caller.map_or_else(Context::new, remote);
    Span::within(Kind::Server, "request", &parent, Vec::new())
}

/// What the caller did wrong is no error of ours.
fn end(span: &Span, status: StatusCode) {
    if !span.is_recorded() {
        return;
    }
    span.set(names::STATUS, i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set(names::ERROR, status.as_str().to_owned());
        span.failed("");
    }
}
