//! A dashboard as Grafana reads it.

mod layout;
mod link;
mod panel;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::project::{Settings, Traces};
use crate::source::{Dashboard, Variable};

/// The form of Grafana 12; a later one brings older forms up to date by itself.
const SCHEMA: u32 = 41;
const TAG: &str = "antaeus";

/// The JSON of a dashboard.
#[must_use]
pub fn dashboard(source: &Dashboard, settings: &Settings) -> Value {
    json!({
        "uid": source.uid,
        "title": source.title,
        "description": source.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA,
        // It is changed in the repository: what is saved in Grafana would be gone with the next deployment.
        "editable": false,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": { "from": "now-1h", "to": "now" },
        "timezone": "browser",
        "annotations": { "list": [] },
        "links": links(source, settings),
        "templating": { "list": variables(source, settings.traces) },
        "panels": panels(source, settings),
    })
}

/// The same as a text, as it is checked in.
#[must_use]
pub fn text(source: &Dashboard, settings: &Settings) -> String {
    format!("{:#}\n", dashboard(source, settings))
}

/// Where it is checked in.
#[must_use]
pub fn path(root: &Path, name: &str) -> PathBuf {
    root.join("dashboards/grafana").join(format!("{name}.json"))
}

fn panels(source: &Dashboard, settings: &Settings) -> Vec<Value> {
    let mut made = Vec::new();
    for placed in layout::place(&source.rows) {
        let id = made.len() + 1;
        made.push(match placed.what {
            layout::What::Headline(title) => panel::headline(id, title, placed.at),
            layout::What::Panel(panel) => panel::panel(id, panel, placed.at, settings),
        });
    }
    made
}

fn links(source: &Dashboard, settings: &Settings) -> Vec<Value> {
    let others = json!({
        "title": "Antaeus", "type": "dashboards", "tags": [TAG],
        "asDropdown": true, "keepTime": true, "includeVars": false, "targetBlank": false,
    });
    let pages = source.links.iter().map(|link| {
        let url = link::page(settings, &link.page);
        json!({ "title": link.title, "type": "link", "icon": "doc", "url": url, "targetBlank": true })
    });
    std::iter::once(others).chain(pages).collect()
}

fn variables(source: &Dashboard, traces: Traces) -> Vec<Value> {
    let store = |name: &str, label: &str, kind: &str| {
        json!({
            "name": name, "label": label, "type": "datasource", "query": kind, "refresh": 1, "regex": "",
            "includeAll": false, "multi": false, "hide": 0, "options": [], "current": {},
        })
    };
    let kind = match traces {
        Traces::Jaeger => "jaeger",
        Traces::Tempo => "tempo",
    };
    let own = source.variables.iter().map(variable);
    [store("datasource", "Metrics", "prometheus"), store("traces", "Traces", kind)]
        .into_iter()
        .chain(own)
        .collect()
}

/// All is chosen at first.
fn variable(source: &Variable) -> Value {
    let mut made = json!({
        "name": source.name, "label": source.label, "includeAll": true, "multi": true, "hide": 0, "options": [],
        "current": { "text": ["All"], "value": ["$__all"] },
    });
    let further = match &source.query {
        Some(query) => json!({
            "type": "query", "datasource": panel::datasource(), "definition": query,
            "query": { "query": query, "refId": source.name }, "refresh": 2, "sort": 1, "regex": "",
        }),
        None => json!({ "type": "custom", "query": source.values.join(",") }),
    };
    panel::merge(&mut made, further);
    made
}
