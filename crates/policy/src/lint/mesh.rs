//! The mesh's rules, but those about the rules of single policies.

use serde_json::Value;

use super::is_development;
use crate::check::World;
use crate::finding::Findings;
use crate::layer::mesh::is_closed;
use crate::object::{Action, AuthorizationPolicy, Mode, Object, PeerAuthentication, Sidecar, Spec};
use crate::place::Place;
use crate::render::ROOT_NAMESPACE;
use crate::selector::WorkloadSelector;

/// The namespaces whose pods have sidecars.
pub(super) fn meshed(world: &World<'_>) -> Vec<String> {
    let mut spaces: Vec<String> =
        world.render.pods().into_iter().filter(|pod| pod.sidecar).map(|pod| pod.namespace).collect();
    spaces.sort();
    spaces.dedup();
    spaces
}

fn peers<'a>(world: &World<'a>) -> impl Iterator<Item = (&'a Object, &'a PeerAuthentication)> {
    world.render.all(|spec| if let Spec::PeerAuthentication(policy) = spec { Some(policy) } else { None })
}

pub(super) fn authorizations<'a>(
    world: &World<'a>,
) -> impl Iterator<Item = (&'a Object, &'a AuthorizationPolicy)> {
    world.render.all(|spec| if let Spec::AuthorizationPolicy(policy) = spec { Some(policy) } else { None })
}

/// M1: STRICT in each namespace of the mesh, and for the whole mesh wherever it is not somebody's own.
pub(super) fn strict_everywhere(world: &World<'_>, findings: &mut Findings) {
    let root = (!is_development(world)).then(|| ROOT_NAMESPACE.to_owned());
    for namespace in meshed(world).into_iter().chain(root) {
        let strict = |(object, policy): (&Object, &PeerAuthentication)| {
            object.namespace == namespace && policy.selector.is_none() && policy.mtls.mode == Mode::Strict
        };
        if !peers(world).any(strict) {
            findings.general(
                "M1-strict",
                format!(
                    "namespace {namespace} needs a PeerAuthentication with mtls.mode STRICT and no selector"
                ),
            );
        }
    }
}

/// M1: nothing is weaker than STRICT anywhere.
pub(super) fn no_exceptions(world: &World<'_>, findings: &mut Findings) {
    for (object, policy) in peers(world) {
        if policy.mtls.mode != Mode::Strict || !policy.port_level_mtls.is_empty() {
            findings.about(
                "M1-exception",
                &object.title,
                "only STRICT, for all ports: anything else lets plaintext in",
            );
        }
    }
    for object in world.render.objects.iter().filter(|object| matches!(object.spec, Spec::DestinationRule(_)))
    {
        if has_plain_tls(&object.source) {
            findings.about(
                "M1-exception",
                &object.title,
                "tls.mode DISABLE sends plaintext; leave tls to the mesh",
            );
        }
    }
}

fn has_plain_tls(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            let plain =
                fields.get("tls").and_then(|tls| tls.get("mode")).and_then(Value::as_str) == Some("DISABLE");
            plain || fields.values().any(has_plain_tls)
        }
        Value::Array(items) => items.iter().any(has_plain_tls),
        _ => false,
    }
}

/// M2: each namespace of the mesh lets nobody in, unless another policy says so.
pub(super) fn allow_nothing(world: &World<'_>, findings: &mut Findings) {
    for namespace in meshed(world) {
        let nothing = |(object, policy): (&Object, &AuthorizationPolicy)| {
            object.namespace == namespace
                && policy.selector.is_none()
                && policy.action == Action::Allow
                && policy.rules.is_empty()
        };
        if !authorizations(world).any(nothing) {
            findings.general(
                "M2-allow-nothing",
                format!("namespace {namespace} needs an AuthorizationPolicy with an empty spec"),
            );
        }
    }
}

/// M3: a policy that lets in, or knows tokens, is about one workload of its namespace.
pub(super) fn one_workload_each(world: &World<'_>, findings: &mut Findings) {
    let pods = world.render.pods();
    let lets_in = authorizations(world)
        .filter(|(_, policy)| policy.action == Action::Allow && !policy.rules.is_empty())
        .map(|(object, policy)| (object, policy.selector.as_ref()));
    let knows = world
        .render
        .all(|spec| if let Spec::RequestAuthentication(policy) = spec { Some(policy) } else { None })
        .map(|(object, policy)| (object, policy.selector.as_ref()));
    for (object, selector) in lets_in.chain(knows) {
        let count = selector.map_or(0, |selector| selected(&pods, &object.namespace, selector));
        if count != 1 {
            let sentence =
                format!("its selector takes {count} workloads of {}; name exactly one", object.namespace);
            findings.about("M3-one-workload", &object.title, sentence);
        }
    }
}

fn selected(pods: &[Place], namespace: &str, selector: &WorkloadSelector) -> usize {
    let empty = selector.match_labels.is_empty();
    pods.iter().filter(|pod| !empty && pod.namespace == namespace && selector.matches(&pod.labels)).count()
}

/// M6: the sidecars of a namespace know of what they need, said once.
pub(super) fn scope(world: &World<'_>, findings: &mut Findings) {
    let all: Vec<(&Object, &Sidecar)> = world
        .render
        .all(|spec| if let Spec::Sidecar(sidecar) = spec { Some(sidecar) } else { None })
        .collect();
    for namespace in meshed(world) {
        let own = all
            .iter()
            .filter(|(object, sidecar)| object.namespace == namespace && sidecar.workload_selector.is_none());
        if own.count() != 1 {
            findings.general(
                "M6-scope",
                format!("namespace {namespace} needs one Sidecar without workloadSelector, and only one"),
            );
        }
    }
    for (object, sidecar) in all {
        let hosts: Vec<&str> =
            sidecar.egress.iter().flat_map(|egress| &egress.hosts).map(String::as_str).collect();
        if !is_closed(sidecar) && !is_of_callers_by_address(world, object, sidecar) {
            findings.about("M6-scope", &object.title, "set outboundTrafficPolicy.mode: REGISTRY_ONLY");
        }
        for needed in ["./*", "istio-system/*"] {
            if !hosts.contains(&needed) {
                findings.about(
                    "M6-scope",
                    &object.title,
                    format!("egress.hosts needs {needed}: its own namespace and the control plane"),
                );
            }
        }
        if hosts.iter().any(|host| host.starts_with("*/") || !host.contains('/')) {
            findings.about(
                "M6-scope",
                &object.title,
                "egress.hosts names namespaces one by one, as namespace/host",
            );
        }
        unknown_hosts(world, object, &hosts, findings);
    }
}

/// Whether it is about nobody but those who call pods by addresses, which are in no registry.
fn is_of_callers_by_address(world: &World<'_>, object: &Object, sidecar: &Sidecar) -> bool {
    let Some(selector) = &sidecar.workload_selector else { return false };
    let mut selected = world
        .universe
        .ours()
        .filter(|place| place.namespace == object.namespace && selector.matches(&place.labels));
    let calls =
        |place: &Place| world.graph.calls.iter().any(|call| call.is_by_address() && call.is_from(place));
    selected.all(calls)
}

fn unknown_hosts(world: &World<'_>, object: &Object, hosts: &[&str], findings: &mut Findings) {
    let services: Vec<(String, String)> = world
        .render
        .services()
        .map(|(service, _)| {
            (service.namespace.clone(), format!("{}.{}.svc.cluster.local", service.name, service.namespace))
        })
        .collect();
    for (space, host) in hosts.iter().filter_map(|host| host.split_once('/')) {
        let known =
            |(namespace, name): &(String, String)| namespace == space && crate::pattern::matches(host, name);
        let everything = [".", ROOT_NAMESPACE].contains(&space) && host == "*";
        if !everything && !services.iter().any(known) {
            findings.about(
                "M6-unknown-host",
                &object.title,
                format!("no Service of the render is {space}/{host}"),
            );
        }
    }
}

/// M7: every port says what it speaks.
pub(super) fn spoken_protocols(world: &World<'_>, findings: &mut Findings) {
    for (object, service) in world.render.services() {
        for port in service.ports.iter().filter(|port| !port.says_protocol()) {
            let sentence = format!(
                "port {} needs appProtocol or a name such as http-...: to the mesh it is plain TCP",
                port.port
            );
            findings.about("M7-protocol", &object.title, sentence);
        }
    }
}

/// Annotations and labels by which a pod gets past its sidecar, or changes it.
const WAYS_OUT: [&str; 7] = [
    "sidecar.istio.io/",
    "proxy.istio.io/",
    "traffic.sidecar.istio.io/",
    "ambient.istio.io/",
    "istio.io/reroute-virtual-interfaces",
    "istio.io/redirect-virtual-interfaces",
    "istio.io/dataplane-mode",
];

/// A pod in the mesh does not change its sidecar.
pub(super) fn no_way_out(world: &World<'_>, findings: &mut Findings) {
    for (object, workload) in world.render.workloads() {
        let metadata = &workload.template.metadata;
        let keys = metadata.labels.keys().chain(metadata.annotations.keys());
        for key in keys.filter(|key| WAYS_OUT.iter().any(|way| key.starts_with(way))) {
            findings.about(
                "M0-way-out",
                &object.title,
                format!("take {key} away: it changes what the pod's sidecar guards"),
            );
        }
        let user =
            object.source.pointer("/spec/template/spec/securityContext/runAsUser").and_then(Value::as_i64);
        if user == Some(1337) {
            findings.about(
                "M0-way-out",
                &object.title,
                "user 1337 is the sidecar's own: what it sends goes past the sidecar",
            );
        }
    }
}
