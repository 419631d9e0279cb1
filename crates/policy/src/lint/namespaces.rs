//! Namespaces.

use crate::check::World;
use crate::finding::Findings;
use crate::object::Spec;
use crate::render::ROOT_NAMESPACE;

/// T6: Pod Security refuses, reports and warns, by the rules of one version.
pub(super) fn pod_security(world: &World<'_>, findings: &mut Findings) {
    let namespaces = world.render.objects.iter().filter(|object| matches!(object.spec, Spec::Namespace));
    for object in namespaces {
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
