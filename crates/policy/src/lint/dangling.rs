//! What points at nothing.

use std::collections::BTreeSet;

use crate::check::World;
use crate::finding::Findings;
use crate::object::{PortName, Spec};
use crate::render::service_selects;

/// A Service leads to a pod, on a port that it has.
pub(super) fn services(world: &World<'_>, findings: &mut Findings) {
    let pods = world.render.pods();
    for (object, service) in world.render.services() {
        let own: Vec<_> = pods
            .iter()
            .filter(|pod| pod.namespace == object.namespace && service_selects(service, &pod.labels))
            .collect();
        if own.len() != 1 {
            findings.about(
                "dangling-service",
                &object.title,
                format!("its selector takes {} workloads; it must be one", own.len()),
            );
        }
        for port in &service.ports {
            let target = port.target_port.clone().unwrap_or(PortName::Number(port.port));
            let there = |number: u16| own.iter().any(|pod| pod.own_ports().any(|own| own.number == number));
            if !own.iter().filter_map(|pod| pod.resolve(&target, port.protocol)).any(there) {
                findings.about(
                    "dangling-service",
                    &object.title,
                    format!("no container has the target of port {}", port.port),
                );
            }
        }
    }
}

/// An autoscaler scales a workload that does not say its own number.
pub(super) fn scalers(world: &World<'_>, findings: &mut Findings) {
    let all = world.render.all(|spec| if let Spec::Scaler(scaler) = spec { Some(scaler) } else { None });
    for (object, scaler) in all {
        let target = world.render.objects.iter().find(|other| {
            let reference = &scaler.scale_target_ref;
            other.namespace == object.namespace
                && other.kind == reference.kind
                && other.name == reference.name
        });
        let Some(target) = target else {
            findings.about(
                "dangling-hpa",
                &object.title,
                "its scaleTargetRef is not rendered; correct the name or delete it",
            );
            continue;
        };
        if target.source.pointer("/spec/replicas").is_some() {
            findings.about(
                "W9-replicas",
                &target.title,
                "take replicas away: its autoscaler owns the number",
            );
        }
        let window = "/spec/behavior/scaleDown/stabilizationWindowSeconds";
        if object.source.pointer(window).is_none() {
            let sentence = "behavior.scaleDown.stabilizationWindowSeconds: pods must not go with each lull";
            findings.about("W9-behavior", &object.title, sentence);
        }
        if scaler.min_replicas.unwrap_or(1) < 3 {
            findings.about("W6-replicas", &object.title, "minReplicas: 3 at least, one for each zone");
        }
    }
}

/// A budget is about one workload.
pub(super) fn budgets(world: &World<'_>, findings: &mut Findings) {
    let pods = world.render.pods();
    let all = world
        .render
        .all(|spec| if let Spec::DisruptionBudget(selector) = spec { Some(selector) } else { None });
    for (object, selector) in all {
        let own = pods
            .iter()
            .filter(|pod| pod.namespace == object.namespace && selector.matches(&pod.labels))
            .count();
        if own != 1 {
            findings.about(
                "dangling-pdb",
                &object.title,
                format!("its selector takes {own} workloads; it must be one"),
            );
        }
    }
}

/// An account is there for a workload, and each workload's account is there.
pub(super) fn accounts(world: &World<'_>, findings: &mut Findings) {
    let pods = world.render.pods();
    let used: BTreeSet<(&str, &str)> =
        pods.iter().map(|pod| (pod.namespace.as_str(), pod.account.as_str())).collect();
    let bound: BTreeSet<(&str, &str)> = world
        .render
        .all(|spec| if let Spec::RoleBinding(binding) = spec { Some(binding) } else { None })
        .flat_map(|(_, binding)| &binding.subjects)
        .map(|subject| (subject.namespace.as_str(), subject.name.as_str()))
        .collect();
    let made: Vec<_> =
        world.render.objects.iter().filter(|object| matches!(object.spec, Spec::ServiceAccount)).collect();
    for object in &made {
        let own = (object.namespace.as_str(), object.name.as_str());
        if !used.contains(&own) && !bound.contains(&own) {
            findings.about(
                "dangling-service-account",
                &object.title,
                "nothing runs as it: delete it, for an identity is a key",
            );
        }
    }
    for pod in &pods {
        let there = made.iter().any(|object| object.namespace == pod.namespace && object.name == pod.account);
        if !there {
            findings.general(
                "W3-account",
                format!(
                    "{} runs as {}, which is not rendered; give it an account of its own",
                    pod.name, pod.account
                ),
            );
        }
    }
}

/// A host outside is where a call of the call graph goes.
pub(super) fn entries(world: &World<'_>, findings: &mut Findings) {
    let all = world.render.all(|spec| if let Spec::ServiceEntry(entry) = spec { Some(entry) } else { None });
    for (object, entry) in all {
        let named = world
            .graph
            .elsewhere
            .iter()
            .find(|elsewhere| elsewhere.service_entry.as_ref() == Some(&object.name));
        let Some(named) = named else {
            findings.about(
                "dangling-service-entry",
                &object.title,
                "the call graph does not know it; name it there, or delete it",
            );
            continue;
        };
        let ports: Vec<u16> =
            world.graph.calls.iter().filter(|call| call.callee == named.name).map(|call| call.port).collect();
        if entry.ports.is_empty() || entry.ports.iter().any(|port| !ports.contains(&port.number)) {
            findings.about(
                "dangling-service-entry",
                &object.title,
                "its ports are not those of the call graph",
            );
        }
        if entry.hosts.iter().any(|host| host.ends_with(".svc.cluster.local") || host.contains('*')) {
            findings.about(
                "dangling-service-entry",
                &object.title,
                "it must not take a name of the cluster, nor a star",
            );
        }
    }
}
