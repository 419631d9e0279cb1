//! W3C trace context (<https://www.w3.org/TR/trace-context/>): one trace id per request, in every log line and problem.

use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use tracing::Instrument;

tokio::task_local! {
    static TRACE_ID: Rc<str>;
}

/// The trace id of the request being served, if there is one.
#[must_use]
pub fn current() -> Option<String> {
    TRACE_ID.try_with(|id| id.to_string()).ok()
}

/// The trace context of what the request being served causes, as a `traceparent`, if there is such a request.
#[must_use]
pub fn parent() -> Option<String> {
    // The second half of a UUIDv7 is its random part, and never zero.
    let (_, span) = uuid::Uuid::now_v7().as_u64_pair();
    current().map(|trace| format!("00-{trace}-{span:016x}-01"))
}

/// The trace id that a `traceparent` header carries, if it is well formed.
fn from_traceparent(header: &str) -> Option<&str> {
    let mut parts = header.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let shaped = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && version != "ff";
    let zero = |text: &str| text.bytes().all(|b| b == b'0');
    (shaped && !zero(trace) && !zero(span)).then_some(trace)
}

/// Middleware: gives each request its trace id and its span.
pub async fn middleware<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let given =
        req.headers().get("traceparent").and_then(|value| value.to_str().ok()).and_then(from_traceparent);
    let id: Rc<str> = given.map_or_else(|| uuid::Uuid::now_v7().simple().to_string(), str::to_owned).into();
    let route = req.match_pattern().unwrap_or_else(|| "unmatched".into());
    let span = tracing::info_span!("request", trace_id = %id, method = %req.method(), route);
    req.extensions_mut().insert(TraceId(Rc::clone(&id)));
    TRACE_ID.scope(id, next.call(req)).instrument(span).await
}

/// The trace id in a request's extensions.
#[derive(Clone)]
pub struct TraceId(pub Rc<str>);

#[cfg(test)]
mod tests {
    use super::from_traceparent;

    #[test]
    fn only_well_formed_parents_are_followed() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(from_traceparent(good), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0-01",
        ] {
            assert_eq!(from_traceparent(bad), None, "{bad}");
        }
    }
}
