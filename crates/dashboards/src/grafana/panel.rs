//! A panel as Grafana reads it.

use serde_json::{Value, json};

use super::link;
use crate::project::Settings;
use crate::source::{Kind, Meaning, Panel, Threshold};

/// The data source that is chosen at the top.
pub(super) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// Adds fields to an object.
pub(super) fn merge(into: &mut Value, further: Value) {
    if let (Some(into), Value::Object(further)) = (into.as_object_mut(), further) {
        into.extend(further);
    }
}

/// The headline of a row.
pub(super) fn headline(id: usize, title: &str, at: Value) -> Value {
    json!({ "id": id, "type": "row", "title": title, "gridPos": at, "collapsed": false, "panels": [] })
}

/// A panel.
pub(super) fn panel(id: usize, source: &Panel, at: Value, settings: &Settings) -> Value {
    let mut made = json!({
        "id": id,
        "type": plugin(source.kind),
        "title": source.title,
        "description": description(source),
        "gridPos": at,
        "datasource": datasource(),
        "targets": targets(source),
        "fieldConfig": { "defaults": defaults(source, settings), "overrides": [] },
        "options": options(source),
        "links": source.runbook.iter().map(|path| json!({
            "title": "Runbook", "url": link::page(settings, path), "targetBlank": true,
        })).collect::<Vec<_>>(),
    });
    if source.kind == Kind::Table {
        merge(&mut made, json!({ "transformations": columns(source) }));
    }
    made
}

fn plugin(kind: Kind) -> &'static str {
    match kind {
        Kind::Timeseries => "timeseries",
        Kind::Stat => "stat",
        Kind::Bargauge => "bargauge",
        Kind::Table => "table",
        Kind::State => "state-timeline",
    }
}

fn description(source: &Panel) -> String {
    let quiet = source.quiet.iter().map(|why| format!(" No data: {why}."));
    let mesh = source.mesh.then(|| " From the sidecars: empty where there is no mesh.".to_owned());
    std::iter::once(source.description.trim().to_owned()).chain(quiet).chain(mesh).collect()
}

fn targets(source: &Panel) -> Vec<Value> {
    // One moment is enough where no time is shown.
    let instant = matches!(source.kind, Kind::Table | Kind::Bargauge);
    let target = |(letter, query): (u8, &crate::source::Query)| {
        json!({
            "refId": char::from(letter).to_string(), "editorMode": "code",
            "expr": query.expr.trim(), "legendFormat": query.legend, "instant": instant, "range": !instant,
            "format": if source.kind == Kind::Table { "table" } else { "time_series" },
        })
    };
    (b'A'..=b'Z').zip(&source.queries).map(target).collect()
}

fn defaults(source: &Panel, settings: &Settings) -> Value {
    let links: Vec<_> = source.traces.iter().map(|service| link::traces(settings.traces, service)).collect();
    let mut defaults = json!({
        "unit": source.unit,
        "color": { "mode": if source.kind == Kind::Timeseries { "palette-classic" } else { "thresholds" } },
        "thresholds": { "mode": "absolute", "steps": steps(&source.thresholds) },
        "mappings": mappings(source),
        "links": links,
        "custom": custom(source),
    });
    // A part of a whole fills its bar at 1, whatever the others are.
    if source.kind == Kind::Bargauge && source.unit == "percentunit" {
        merge(&mut defaults, json!({ "min": 0, "max": 1 }));
    }
    if let Some(why) = &source.quiet {
        merge(&mut defaults, json!({ "noValue": why }));
    }
    defaults
}

fn colour(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Good => "green",
        Meaning::Warn => "orange",
        Meaning::Bad => "red",
        Meaning::Plain => "text",
    }
}

fn steps(thresholds: &[Threshold]) -> Vec<Value> {
    if thresholds.is_empty() {
        return vec![json!({ "color": colour(Meaning::Plain), "value": null })];
    }
    thresholds.iter().map(|step| json!({ "color": colour(step.is), "value": step.from })).collect()
}

fn mappings(source: &Panel) -> Vec<Value> {
    let state = |(index, state): (usize, &crate::source::State)| {
        let shown = json!({ "text": state.text, "color": colour(state.is), "index": index });
        json!({ "type": "value", "options": { state.value.to_string(): shown } })
    };
    source.states.iter().enumerate().map(state).collect()
}

fn custom(source: &Panel) -> Value {
    match source.kind {
        Kind::Timeseries => json!({
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": if source.stacked { 40 } else { 8 },
            "showPoints": "never", "spanNulls": false, "axisSoftMin": 0,
            "stacking": { "mode": if source.stacked { "normal" } else { "none" }, "group": "A" },
            "thresholdsStyle": { "mode": if source.thresholds.is_empty() { "off" } else { "dashed" } },
        }),
        Kind::State => json!({ "fillOpacity": 80, "lineWidth": 0 }),
        Kind::Table => json!({ "align": "auto", "cellOptions": { "type": "auto" }, "filterable": true }),
        Kind::Stat | Kind::Bargauge => json!({}),
    }
}

fn options(source: &Panel) -> Value {
    let last = json!({ "calcs": ["lastNotNull"], "fields": "", "values": false });
    let legend = json!({ "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] });
    // A value of something that has a name, even where it is the only one.
    let named = source.queries.iter().any(|query| query.legend.contains("{{"));
    let text = if named { "value_and_name" } else { "auto" };
    match source.kind {
        Kind::Timeseries => json!({ "legend": legend, "tooltip": { "mode": "multi", "sort": "desc" } }),
        Kind::Stat => json!({
            "reduceOptions": last, "colorMode": "value", "graphMode": "area", "textMode": text,
            "justifyMode": "auto", "orientation": "auto", "wideLayout": true,
        }),
        Kind::Bargauge => json!({
            "reduceOptions": last, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": true,
            "valueMode": "color",
        }),
        Kind::Table => json!({ "showHeader": true, "cellHeight": "sm" }),
        Kind::State => json!({
            "legend": legend, "tooltip": { "mode": "single", "sort": "none" }, "showValue": "auto",
            "mergeValues": true, "alignValue": "left", "rowHeight": 0.9,
        }),
    }
}

/// One table of all queries, its columns of values called as the legends say.
fn columns(source: &Panel) -> Value {
    let single = source.queries.len() == 1;
    let name = |(letter, query): (u8, &crate::source::Query)| {
        let column = if single { "Value".to_owned() } else { format!("Value #{}", char::from(letter)) };
        (column, json!(query.legend))
    };
    let names: serde_json::Map<_, _> = (b'A'..=b'Z').zip(&source.queries).map(name).collect();
    json!([
        { "id": "merge", "options": {} },
        { "id": "organize", "options": { "excludeByName": { "Time": true }, "renameByName": names } },
    ])
}
