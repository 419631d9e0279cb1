//! What is done to an object: everything that a slip of the hand does, at every place where it can.

use serde_json::{Map, Value, json};

use super::Change;
use crate::object::{Object, Spec};
use crate::selector::NAME;

/// Words that mean something, and what they are mistaken for.
const WORDS: &[(&str, &[&str])] = &[
    ("STRICT", &["PERMISSIVE", "DISABLE", "UNSET"]),
    ("ALLOW", &["DENY", "AUDIT", "CUSTOM"]),
    ("In", &["NotIn", "Exists", "DoesNotExist"]),
    ("Ingress", &["Egress"]),
    ("Egress", &["Ingress"]),
    ("TCP", &["UDP", "SCTP"]),
    ("UDP", &["TCP"]),
    ("REGISTRY_ONLY", &["ALLOW_ANY"]),
    ("GET", &["POST", "PUT"]),
    ("POST", &["GET", "DELETE"]),
];

/// Whether an object is one of those that the layers judge by.
pub(super) fn is_policy(spec: &Spec) -> bool {
    matches!(
        spec,
        Spec::NetworkPolicy(_)
            | Spec::AuthorizationPolicy(_)
            | Spec::PeerAuthentication(_)
            | Spec::RequestAuthentication(_)
            | Spec::Sidecar(_)
            | Spec::VirtualService(_)
    )
}

/// Everything that can be done to an object.
pub(super) fn changes(object: &Object) -> Vec<Change> {
    match &object.spec {
        spec if is_policy(spec) => of_policy(object),
        Spec::Namespace => of_namespace(object),
        Spec::Workload(_) => of_workload(object),
        _ => Vec::new(),
    }
}

fn of_policy(object: &Object) -> Vec<Change> {
    let mut changes = vec![("delete-object", String::new(), None)];
    let spec = object.source.get("spec").cloned().unwrap_or_else(|| json!({}));
    let is_rules = matches!(object.spec, Spec::AuthorizationPolicy(_));
    let mut found = Vec::new();
    walk(&spec, "", is_rules, &mut found);
    if is_rules && spec.get("action").is_none() {
        found.extend(
            ["DENY", "AUDIT"]
                .map(|action| ("change-word", "/action".to_owned(), with(&spec, "/action", action.into()))),
        );
    }
    changes.extend(found.into_iter().map(|(operator, field, spec)| {
        let mut manifest = object.source.as_ref().clone();
        manifest["spec"] = spec;
        (operator, format!("/spec{field}"), Some(manifest))
    }));
    changes
}

/// Labels of a namespace that decide something.
fn of_namespace(object: &Object) -> Vec<Change> {
    let deciding =
        |key: &&String| key.starts_with("pod-security.kubernetes.io/") || key.as_str() == "istio-injection";
    let labels: Vec<&String> = object.labels.keys().filter(deciding).collect();
    let without = |key: &&String| {
        let mut manifest = object.source.as_ref().clone();
        if let Some(labels) = manifest.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.remove(key.as_str());
        }
        ("delete-label", format!("/metadata/labels/{key}"), Some(manifest))
    };
    let changed = |key: &&String| {
        let mut manifest = object.source.as_ref().clone();
        manifest["metadata"]["labels"][key.as_str()] = "changed".into();
        ("change-label", format!("/metadata/labels/{key}"), Some(manifest))
    };
    labels.iter().map(without).chain(labels.iter().map(changed)).collect()
}

/// What a workload is to the layers: its account, its name, its sidecar, its network.
fn of_workload(object: &Object) -> Vec<Change> {
    if object.source.pointer("/spec/template/spec").is_none() {
        return Vec::new();
    }
    let set = |operator: &'static str, field: &str, value: Value| {
        let mut manifest = object.source.as_ref().clone();
        let (parent, key) = field.rsplit_once('/').unwrap_or_default();
        if let Some(parent) = manifest.pointer_mut(parent).and_then(Value::as_object_mut) {
            parent.insert(key.replace("~1", "/"), value);
        }
        (operator, field.to_owned(), Some(manifest))
    };
    let label = format!("/spec/template/metadata/labels/{}", NAME.replace('/', "~1"));
    vec![
        set("run-as-another", "/spec/template/spec/serviceAccountName", "default".into()),
        set("run-as-another", "/spec/template/spec/serviceAccountName", "somebody".into()),
        set("host-network", "/spec/template/spec/hostNetwork", true.into()),
        set("another-label", &label, "somebody".into()),
        set("without-sidecar", "/spec/template/metadata/labels/sidecar.istio.io~1inject", "false".into()),
    ]
}

type Found = Vec<(&'static str, String, Value)>;

fn walk(root: &Value, at: &str, is_rules: bool, found: &mut Found) {
    let Some(value) = root.pointer(at) else { return };
    match value {
        Value::Object(fields) => {
            for key in fields.keys() {
                let field = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
                found.push(("delete-field", field.clone(), without(root, at, key)));
                walk(root, &field, is_rules, found);
            }
            // With one field it is that field's deletion.
            if fields.len() > 1 && !at.is_empty() {
                found.push(("empty", at.to_owned(), with(root, at, json!({}))));
            }
        }
        Value::Array(items) => list(root, at, items, is_rules, found),
        Value::String(text) => string(root, at, text, is_rules, found),
        Value::Number(number) => {
            let more = number.as_i64().unwrap_or_default() + 1;
            found.push(("change-value", at.to_owned(), with(root, at, more.into())));
        }
        Value::Bool(flag) => found.push(("change-value", at.to_owned(), with(root, at, (!flag).into()))),
        Value::Null => {}
    }
}

fn list(root: &Value, at: &str, items: &[Value], is_rules: bool, found: &mut Found) {
    let name = at.rsplit_once('/').map_or("", |(_, name)| name);
    for (index, item) in items.iter().enumerate() {
        let field = format!("{at}/{index}");
        let mut rest = items.to_vec();
        rest.remove(index);
        found.push(("delete-item", field.clone(), with(root, at, rest.into())));
        for halves in halves(item) {
            let mut split = items.to_vec();
            split.splice(index..=index, halves);
            found.push(("and-into-or", field.clone(), with(root, at, split.into())));
        }
        walk(root, &field, is_rules, found);
    }
    if items.len() > 1 {
        found.push(("empty", at.to_owned(), with(root, at, json!([]))));
    }
    let mut add = |operator: &'static str, item: Value| {
        let more: Vec<Value> = items.iter().cloned().chain([item]).collect();
        found.push((operator, at.to_owned(), with(root, at, more.into())));
    };
    match name {
        "from" | "to" if !is_rules => {
            add("add-everybody", json!({"ipBlock": {"cidr": "0.0.0.0/0"}}));
            add("add-everybody", json!({"namespaceSelector": {}}));
            add("add-everybody", json!({"podSelector": {}}));
        }
        "rules" | "from" | "to" | "ingress" | "http" => add("add-empty-item", json!({})),
        "egress" if items.iter().all(|item| item.get("hosts").is_none()) => add("add-empty-item", json!({})),
        "ports" if !is_rules => add("add-empty-item", json!({})),
        "methods" | "paths" | "principals" | "requestPrincipals" => add("add-star", "*".into()),
        _ => {}
    }
}

/// One item for each thing that it asks, where it asked for all of them at once.
fn halves(item: &Value) -> Vec<Vec<Value>> {
    let Value::Object(fields) = item else { return Vec::new() };
    let split = |fields: &Map<String, Value>, wrap: &dyn Fn(Value) -> Value| {
        fields.iter().map(|(key, value)| wrap(json!({ key: value }))).collect::<Vec<Value>>()
    };
    let mut found = Vec::new();
    if fields.len() > 1 {
        found.push(split(fields, &|half| half));
    }
    for (name, inner) in fields {
        if let Value::Object(inner) = inner
            && inner.len() > 1
            && fields.len() == 1
        {
            found.push(split(inner, &|half| json!({ name: half })));
        }
    }
    found
}

fn string(root: &Value, at: &str, text: &str, is_rules: bool, found: &mut Found) {
    let mut put = |operator: &'static str, text: String| {
        found.push((operator, at.to_owned(), with(root, at, text.into())));
    };
    if let Some((_, others)) = WORDS.iter().find(|(word, _)| *word == text) {
        for other in *others {
            put("change-word", (*other).to_owned());
        }
    } else {
        put("change-value", format!("{text}-x"));
        if text.contains('/') && text.ends_with("/32") {
            put("widen", "0.0.0.0/0".into());
        }
    }
    let in_list = at.rsplit_once('/').is_some_and(|(_, last)| last.parse::<usize>().is_ok());
    if is_rules && in_list {
        put("widen", "*".into());
        put("widen", format!("{text}*"));
        put("widen", format!("*{text}"));
        if let Some((parent, _)) = text.trim_end_matches('*').trim_end_matches('/').rsplit_once('/') {
            put("widen", format!("{parent}/*"));
        }
        if text.contains("{*}") {
            put("widen", text.replace("{*}", "{**}"));
        }
    }
}

fn with(root: &Value, at: &str, value: Value) -> Value {
    let mut changed = root.clone();
    match changed.pointer_mut(at) {
        Some(place) => *place = value,
        None => changed[at.trim_start_matches('/')] = value,
    }
    changed
}

fn without(root: &Value, at: &str, key: &str) -> Value {
    let mut changed = root.clone();
    if let Some(fields) = changed.pointer_mut(at).and_then(Value::as_object_mut) {
        fields.remove(key);
    }
    changed
}
