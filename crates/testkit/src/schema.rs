//! Holds events against docs/events, as far as those files use JSON Schema; a keyword that is not known here is a failure.

use serde_json::{Map, Value};

/// The faults of an event, by the schema of its type; none when it is as docs/events says.
#[must_use]
pub fn faults(event: &Value) -> Vec<String> {
    let kind = event["type"].as_str().unwrap_or_default();
    let file = format!("{}/../../docs/events/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    let mut faults = Vec::new();
    check(schema.as_object().expect("a schema"), event, "event", &mut faults);
    faults
}

fn check(schema: &Map<String, Value>, value: &Value, at: &str, faults: &mut Vec<String>) {
    for (keyword, rule) in schema {
        let good = match keyword.as_str() {
            "$schema" | "title" | "description" | "properties" => true,
            "const" => rule == value,
            "type" => is_of(value, rule.as_str().unwrap_or_default()),
            "minimum" => value.as_i64() >= rule.as_i64(),
            "format" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
            "pattern" => value.as_str().is_some_and(|text| matches(rule.as_str().unwrap_or_default(), text)),
            "required" => rule.as_array().is_some_and(|names| {
                names.iter().all(|name| value.get(name.as_str().unwrap_or_default()).is_some())
            }),
            other => panic!("{other} is not known here"),
        };
        if !good {
            faults.push(format!("{at}: {keyword} {rule}, and it is {value}"));
        }
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (name, value) in value.as_object().into_iter().flatten() {
        match properties.get(name).and_then(Value::as_object) {
            Some(schema) => check(schema, value, &format!("{at}.{name}"), faults),
            None => faults.push(format!("{at}.{name} is in no schema")),
        }
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "string" => value.is_string(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        other => panic!("the type {other} is not known here"),
    }
}

/// The two patterns that the schemas use.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern {
        "^[A-Z]{3}$" => text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
        uuid if uuid.starts_with("^[0-9a-f]{8}-") => contracts::event::is_uuid(text),
        other => panic!("the pattern {other} is not known here"),
    }
}
