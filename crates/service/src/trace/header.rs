//! Trace contexts as headers.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// Name of the header that says which span caused a request.
pub(super) const TRACEPARENT: &str = "traceparent";
/// Name of the header in which tracing systems pass on what is theirs.
pub(super) const TRACESTATE: &str = "tracestate";
/// Longest `tracestate` that is passed on, in bytes.
const LONGEST_STATE: usize = 512;

/// A `traceparent`.
pub(super) fn text(context: &SpanContext) -> String {
    let sampled = u8::from(context.is_sampled());
    format!("00-{}-{}-{sampled:02x}", context.trace_id(), context.span_id())
}

/// The context that a `traceparent` carries, if it is well formed; a `tracestate` that is not is left out.
pub(super) fn read(traceparent: &str, tracestate: Option<&str>) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let shaped = hex(version, 2) && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && version != "ff";
    // Of later versions only the beginning is known.
    if !shaped || (version == "00" && parts.next().is_some()) {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let state = tracestate.filter(|text| text.len() <= LONGEST_STATE).and_then(|text| text.parse().ok());
    let state: TraceState = state.unwrap_or_default();
    Some(SpanContext::new(trace, span, flags, true, state)).filter(SpanContext::is_valid)
}
