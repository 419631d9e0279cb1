//! From a number to what is behind it.

use serde_json::{Value, json};

use crate::project::{Settings, Traces};

/// A page of the repository.
pub(super) fn page(settings: &Settings, path: &str) -> String {
    format!("{}{path}", settings.repository)
}

/// The trace explorer, with one service's traces in the time that the dashboard shows.
pub(super) fn traces(kind: Traces, service: &str) -> Value {
    let service = if service == "series" { "${__field.labels.service}" } else { service };
    let mut query = match kind {
        Traces::Jaeger => json!({ "queryType": "search", "service": service }),
        Traces::Tempo => {
            json!({ "queryType": "traceql", "query": format!("{{resource.service.name=\"{service}\"}}") })
        }
    };
    super::panel::merge(&mut query, json!({ "refId": "A", "datasource": { "uid": "${traces}" } }));
    let pane = json!({
        "datasource": "${traces}", "queries": [query], "range": { "from": "${__from}", "to": "${__to}" },
    });
    let panes = encode(&json!({ "traces": pane }).to_string());
    json!({
        "title": format!("Traces of {service}"),
        "url": format!("/explore?schemaVersion=1&panes={panes}"),
        "targetBlank": true,
    })
}

/// For a URL; Grafana's variables stay, for Grafana puts their values in.
fn encode(text: &str) -> String {
    let (mut encoded, mut rest) = (String::new(), text);
    while let Some((before, (variable, after))) =
        rest.split_once("${").and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        encoded.extend(form_urlencoded::byte_serialize(before.as_bytes()));
        encoded.push_str("${");
        encoded.push_str(variable);
        encoded.push('}');
        rest = after;
    }
    encoded.extend(form_urlencoded::byte_serialize(rest.as_bytes()));
    encoded
}
