//! Spans, out of what a collector passes on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One of a trace.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) service: String,
    pub(crate) name: String,
    /// By OTLP: 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub(crate) kind: u64,
    pub(crate) trace: String,
    id: String,
    parent: String,
    /// Spans of the same trace or of others that it says it comes from as well.
    links: Vec<String>,
}

/// All spans, once each.
pub(crate) fn all(requests: &[Value]) -> Vec<Span> {
    let mut spans = BTreeMap::new();
    for resource in requests.iter().flat_map(|request| list(&request["resourceSpans"])) {
        let service = attribute(&resource["resource"]["attributes"], "service.name");
        for span in list(&resource["scopeSpans"]).iter().flat_map(|scope| list(&scope["spans"])) {
            let span = read(span, &service);
            spans.insert(span.id.clone(), span);
        }
    }
    spans.into_values().collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn attribute(attributes: &Value, name: &str) -> String {
    let found = list(attributes).iter().find(|one| one["key"] == name);
    found.map(|one| text(&one["value"]["stringValue"])).unwrap_or_default()
}

fn read(span: &Value, service: &str) -> Span {
    Span {
        service: service.to_owned(),
        name: text(&span["name"]),
        kind: span["kind"].as_u64().unwrap_or_default(),
        trace: text(&span["traceId"]),
        id: text(&span["spanId"]),
        parent: text(&span["parentSpanId"]),
        links: list(&span["links"]).iter().map(|link| text(&link["spanId"])).collect(),
    }
}

/// From one service to another, where a span has its cause in another service.
pub(crate) fn edges(spans: &[Span]) -> BTreeSet<(String, String)> {
    let by_id: BTreeMap<&str, &Span> = spans.iter().map(|span| (span.id.as_str(), span)).collect();
    let causes = |span: &Span| {
        let all = std::iter::once(&span.parent).chain(&span.links);
        all.filter_map(|id| by_id.get(id.as_str())).map(|cause| cause.service.clone()).collect::<Vec<_>>()
    };
    let of =
        |span: &Span| causes(span).into_iter().map(|cause| (cause, span.service.clone())).collect::<Vec<_>>();
    spans.iter().flat_map(of).filter(|(from, to)| from != to).collect()
}

/// Spans whose cause is nowhere to be found, besides the one that a trace begins with.
pub(crate) fn orphans(spans: &[Span]) -> Vec<&Span> {
    let ids: BTreeSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    spans.iter().filter(|span| !span.parent.is_empty() && !ids.contains(span.parent.as_str())).collect()
}
