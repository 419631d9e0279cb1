//! Namespaces.

use serde_json::Value;

use super::items;
use crate::check::World;
use crate::finding::Findings;
use crate::object::{Object, Spec};
use crate::render::ROOT_NAMESPACE;

fn namespaces<'a>(world: &World<'a>) -> impl Iterator<Item = &'a Object> {
    let all = world.render.objects.iter().map(AsRef::as_ref);
    all.filter(|object| matches!(object.spec, Spec::Namespace))
}

/// T6: Pod Security refuses, reports and warns, by the rules of one version.
pub(super) fn pod_security(world: &World<'_>, findings: &mut Findings) {
    for object in namespaces(world) {
        for mode in ["enforce", "audit", "warn"] {
            let label = format!("pod-security.kubernetes.io/{mode}");
            let version = object.labels.get(&format!("{label}-version")).map(String::as_str);
            if object.labels.get(&label).map(String::as_str) != Some("restricted") {
                findings.about("T6-pod-security", &object.title, format!("label it {label}: restricted"));
            }
            let pinned = version
                .and_then(|version| version.strip_prefix("v1."))
                .is_some_and(|minor| minor.parse::<u8>().is_ok());
            if !pinned {
                let sentence = format!(
                    "pin {label}-version: an upgrade of the cluster must not change what a pod may do"
                );
                findings.about("T6-pod-security", &object.title, sentence);
            }
        }
    }
}

/// T5: a namespace takes so much and no more, a container that says nothing as well, and it opens no door of its own.
pub(super) fn bounds(world: &World<'_>, findings: &mut Findings) {
    for namespace in namespaces(world) {
        let missing = [missing_of_quota(world, &namespace.name), missing_of_limits(world, &namespace.name)];
        for sentence in missing.into_iter().flatten() {
            findings.about("T5-bounds", &namespace.title, sentence);
        }
    }
}

fn of_kind<'a>(world: &World<'a>, kind: &str, namespace: &str) -> impl Iterator<Item = &'a Object> {
    let all = world.render.objects.iter().map(AsRef::as_ref);
    all.filter(move |object: &&Object| object.kind == kind && object.namespace == namespace)
}

fn missing_of_quota(world: &World<'_>, namespace: &str) -> Vec<String> {
    const COUNTED: [&str; 4] = ["pods", "requests.cpu", "requests.memory", "limits.memory"];
    const DOORS: [&str; 2] = ["services.nodeports", "services.loadbalancers"];
    // One with scopes counts some pods only.
    let whole = |quota: &&Object| {
        ["/spec/scopes", "/spec/scopeSelector"].iter().all(|scope| quota.source.pointer(scope).is_none())
    };
    let quotas: Vec<&Object> = of_kind(world, "ResourceQuota", namespace).filter(whole).collect();
    let hard = |key: &str| quotas.iter().find_map(|quota| quota.source.pointer("/spec/hard")?.get(key));
    let uncounted = COUNTED.iter().filter(|key| hard(key).is_none());
    let open = DOORS.iter().filter(|key| hard(key).is_none_or(|value| value != "0" && *value != 0));
    let uncounted = uncounted.map(|key| format!("a ResourceQuota of its own, with {key}"));
    uncounted.chain(open.map(|key| format!("a ResourceQuota with {key}: \"0\""))).collect()
}

fn missing_of_limits(world: &World<'_>, namespace: &str) -> Vec<String> {
    const SAID: [&str; 4] = ["defaultRequest/cpu", "defaultRequest/memory", "default/memory", "max/memory"];
    let limits =
        of_kind(world, "LimitRange", namespace).flat_map(|range| items(&range.source, "/spec/limits"));
    let limits: Vec<&Value> = limits.filter(|limit| limit["type"] == "Container").collect();
    let said = |key: &str| limits.iter().any(|limit| limit.pointer(&format!("/{key}")).is_some());
    let unsaid = SAID.iter().filter(|key| !said(key));
    unsaid.map(|key| format!("a LimitRange that gives a Container its {key}")).collect()
}

/// Where workloads and policies are, the namespace is rendered too: else its labels are anybody's guess.
pub(super) fn is_rendered(world: &World<'_>, findings: &mut Findings) {
    let known = |namespace: &str| {
        namespace.is_empty() || namespace == ROOT_NAMESPACE || world.universe.own.contains(namespace)
    };
    for object in world.render.objects.iter().filter(|object| !known(&object.namespace)) {
        let sentence = format!("its namespace {} is not rendered; add it, with its labels", object.namespace);
        findings.about("N1-namespace", &object.title, sentence);
    }
}
