//! W3C trace context (<https://www.w3.org/TR/trace-context/>): each request, event and batch of work is a span of a
//! trace, whose ids stand in every log line and problem. Spans are recorded where `telemetry` exports; ids there are
//! always, whatever is exported and whichever log lines are written.

mod header;
pub mod names;
mod outgoing;
mod request;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::future::Future;

use opentelemetry::context::FutureExt;
use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanRef, Status, TraceContextExt, TraceFlags, Tracer,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing::Instrument;

use crate::telemetry;

pub use opentelemetry::trace::SpanKind as Kind;
pub use outgoing::send;
pub use request::middleware;

/// Most causes that a span names, besides the one whose trace it is part of.
const LINKS: usize = 100;

/// The trace id of what is being done, if that is part of a trace.
#[must_use]
pub fn current() -> Option<String> {
    here(|context| context.trace_id().to_string())
}

/// The trace context of what is being done, as a `traceparent` for whatever it causes.
#[must_use]
pub fn parent() -> Option<String> {
    here(header::text)
}

/// What to name as the cause of something that was wanted in the trace of `cause`: what is being done, where that is
/// part of the same trace.
#[must_use]
pub fn nearest(cause: &str) -> String {
    let ours = |context: &SpanContext| {
        header::read(cause, None).is_some_and(|of| of.trace_id() == context.trace_id())
    };
    let text = here(|context| ours(context).then(|| header::text(context))).flatten();
    text.unwrap_or_else(|| cause.to_owned())
}

fn here<T>(show: impl FnOnce(&SpanContext) -> T) -> Option<T> {
    Context::map_current(|context| {
        let span = context.span();
        span.span_context().is_valid().then(|| show(span.span_context()))
    })
}

/// A span: it ends when it is dropped.
#[derive(Debug)]
pub struct Span {
    context: Context,
    name: &'static str,
}

impl Span {
    /// Part of what is being done here; where nothing is, the beginning of a trace.
    #[must_use]
    pub fn here(kind: Kind, name: &'static str) -> Self {
        Self::within(kind, name, &Context::current(), Vec::new())
    }

    /// Part of the trace of what caused it, given as a `traceparent`, and linked to what is being done here. Without a
    /// cause, part of the latter.
    #[must_use]
    pub fn caused(kind: Kind, name: &'static str, cause: Option<&str>) -> Self {
        let Some(cause) = cause.and_then(|text| header::read(text, None)) else {
            return Self::here(kind, name);
        };
        let links = here(Clone::clone).into_iter().filter(|_| cause.is_sampled()).collect();
        Self::within(kind, name, &remote(cause), links)
    }

    /// Work that is done at once for several causes. It is part of the trace of the first that is recorded, and linked
    /// to the others: whoever looks at a trace that is recorded finds it, and one alone has it whole.
    #[must_use]
    pub fn of_batch<'a>(kind: Kind, name: &'static str, causes: impl IntoIterator<Item = &'a str>) -> Self {
        let different: BTreeSet<&str> = causes.into_iter().collect();
        let mut causes: Vec<_> = different.into_iter().filter_map(|text| header::read(text, None)).collect();
        let at = causes.iter().position(SpanContext::is_sampled).unwrap_or_default();
        if causes.is_empty() {
            return Self::here(kind, name);
        }
        let cause = causes.swap_remove(at);
        causes.retain(|other| cause.is_sampled() && other.trace_id() != cause.trace_id());
        causes.truncate(LINKS);
        Self::within(kind, name, &remote(cause), causes)
    }

    fn within(kind: Kind, name: &'static str, parent: &Context, links: Vec<SpanContext>) -> Self {
        let context = match telemetry::tracer() {
            Some(tracer) => {
                let links = links.into_iter().map(|to| Link::new(to, Vec::new(), 0)).collect();
                let builder = SpanBuilder::from_name(name).with_kind(kind).with_links(links);
                parent.with_span(tracer.build_with_context(builder, parent))
            }
            None => parent.with_remote_span_context(numbered(parent.span().span_context())),
        };
        Self { context, name }
    }

    /// Notes something about it. Neither secrets, nor addresses, nor what people wrote.
    pub fn set(&self, name: &'static str, value: impl Into<Value>) {
        self.span().set_attribute(KeyValue::new(name, value));
    }

    /// Whether anybody will see it: what is costly to find out need not be found out otherwise.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.span().is_recording()
    }

    /// Calls it something that is only known now.
    pub fn rename(&self, name: impl FnOnce() -> String) {
        if self.is_recorded() {
            self.span().update_name(name());
        }
    }

    /// It did not come to what it was to come to.
    pub fn failed(&self, why: impl Into<Cow<'static, str>>) {
        self.span().set_status(Status::error(why));
    }

    /// Its trace context, as a `traceparent` for whatever it causes.
    #[must_use]
    pub fn traceparent(&self) -> String {
        header::text(self.span().span_context())
    }

    /// Its trace id.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.span().span_context().trace_id().to_string()
    }

    /// Does what it is about: [`current`] and [`parent`] are its own meanwhile, and its ids stand in the log lines.
    pub fn run<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let (trace_id, span_id) = self.ids();
        let lines = tracing::error_span!("work", trace_id, span_id, operation = self.name);
        self.run_with(lines, work)
    }

    /// The log lines' span has the highest level, so that no filter parts a line from its trace.
    fn run_with<F: Future>(&self, lines: tracing::Span, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.with_context(self.context.clone()).instrument(lines)
    }

    fn ids(&self) -> (String, String) {
        let span = self.span();
        (span.span_context().trace_id().to_string(), span.span_context().span_id().to_string())
    }

    fn span(&self) -> SpanRef<'_> {
        self.context.span()
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        self.span().end();
    }
}

fn remote(cause: SpanContext) -> Context {
    Context::new().with_remote_span_context(cause)
}

/// Ids where nothing is recorded. Whether anybody else records is for others to say: what they say is passed on.
fn numbered(parent: &SpanContext) -> SpanContext {
    let ids = RandomIdGenerator::default();
    let trace = if parent.is_valid() { parent.trace_id() } else { ids.new_trace_id() };
    let flags = TraceFlags::default().with_sampled(parent.is_sampled());
    SpanContext::new(trace, ids.new_span_id(), flags, false, parent.trace_state().clone())
}

#[cfg(test)]
#[path = "trace/tests.rs"]
mod tests;
