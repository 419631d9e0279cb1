//! How workloads start, stop and stay.

use serde_json::Value;

use super::workload::pod_spec;
use super::{flag, items, number, text};
use crate::check::World;
use crate::finding::Findings;
use crate::object::{Object, Spec};

fn of_kind<'a>(world: &World<'a>, kinds: &'static [&'static str]) -> impl Iterator<Item = &'a Object> {
    let all = world.render.workloads().map(|(object, _)| object);
    all.filter(move |object| kinds.contains(&object.kind.as_str()))
}

/// W5: three probes, of which the last asks for less than the second.
pub(super) fn probes(world: &World<'_>, findings: &mut Findings) {
    for object in of_kind(world, &["Deployment", "StatefulSet", "DaemonSet"]) {
        for container in items(pod_spec(object), "/containers") {
            let probe = |name: &str| container.get(name);
            if ["startupProbe", "readinessProbe", "livenessProbe"].iter().any(|name| probe(name).is_none()) {
                findings.about(
                    "W5-probes",
                    &object.title,
                    "each container needs startupProbe, readinessProbe and livenessProbe",
                );
            }
            let asked = |name: &str| probe(name).and_then(|probe| probe.pointer("/httpGet/path"));
            if asked("readinessProbe").is_some() && asked("readinessProbe") == asked("livenessProbe") {
                let sentence = "readinessProbe and livenessProbe must differ: what is away for a while is no reason to kill";
                findings.about("W5-probes", &object.title, sentence);
            }
        }
    }
}

/// W7: a budget for every Deployment, that never stops the draining of a node.
pub(super) fn budget(world: &World<'_>, findings: &mut Findings) {
    let budgets: Vec<_> = world
        .render
        .all(|spec| if let Spec::DisruptionBudget(selector) = spec { Some(selector) } else { None })
        .collect();
    for (object, _) in &budgets {
        if number(&object.source, "/spec/maxUnavailable") != Some(1)
            || text(object, "/spec/unhealthyPodEvictionPolicy") != Some("AlwaysAllow")
        {
            findings.about(
                "W7-budget",
                &object.title,
                "maxUnavailable: 1 and unhealthyPodEvictionPolicy: AlwaysAllow",
            );
        }
    }
    for (object, workload) in world.render.workloads().filter(|(object, _)| object.kind == "Deployment") {
        let labels = &workload.template.metadata.labels;
        if !budgets
            .iter()
            .any(|(budget, selector)| budget.namespace == object.namespace && selector.matches(labels))
        {
            findings.about("W7-budget", &object.title, "it needs a PodDisruptionBudget");
        }
    }
}

/// W8: a new version takes no pod away before it has one more, and one that fails is undone.
pub(super) fn rollout(world: &World<'_>, findings: &mut Findings) {
    for object in of_kind(world, &["Deployment"]) {
        let zero =
            |value: Option<&Value>| value.is_some_and(|value| *value == 0 || *value == "0" || *value == "0%");
        if !zero(object.source.pointer("/spec/strategy/rollingUpdate/maxUnavailable")) {
            findings.about("W8-rollout", &object.title, "strategy.rollingUpdate.maxUnavailable: 0");
        }
        let needed = ["minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"];
        for name in needed.iter().filter(|name| number(&object.source, &format!("/spec/{name}")).is_none()) {
            findings.about("W8-rollout", &object.title, format!("set {name}"));
        }
        // 30 seconds are the default, and less than draining takes.
        if number(pod_spec(object), "/terminationGracePeriodSeconds").is_none_or(|seconds| seconds <= 30) {
            findings.about(
                "W8-rollout",
                &object.title,
                "terminationGracePeriodSeconds: longer than DRAIN_MS and what is under way",
            );
        }
    }
}

/// W10: Jobs end and go, and payments are evicted last.
pub(super) fn jobs(world: &World<'_>, findings: &mut Findings) {
    for object in of_kind(world, &["Job", "CronJob"]) {
        let at = if object.kind == "CronJob" { "/spec/jobTemplate/spec" } else { "/spec" };
        let needed = ["ttlSecondsAfterFinished", "backoffLimit", "activeDeadlineSeconds"];
        for name in needed.iter().filter(|name| number(&object.source, &format!("{at}/{name}")).is_none()) {
            findings.about("W10-job", &object.title, format!("set {name}"));
        }
        if object.kind == "CronJob" && text(object, "/spec/concurrencyPolicy") != Some("Forbid") {
            findings.about("W10-job", &object.title, "concurrencyPolicy: Forbid");
        }
    }
    let guarded =
        |object: &Object| world.graph.guarded.contains(&format!("{}/{}", object.namespace, object.name));
    for object in of_kind(world, &["Deployment"]).filter(|object| guarded(object)) {
        if pod_spec(object).get("priorityClassName").is_none() {
            findings.about(
                "W10-priority",
                &object.title,
                "priorityClassName: taking payments is evicted last",
            );
        }
    }
}

/// W11: six labels, on the workload and on its pods.
pub(super) fn labels(world: &World<'_>, findings: &mut Findings) {
    const SIX: [&str; 6] = ["name", "instance", "version", "component", "part-of", "managed-by"];
    for (object, workload) in world.render.workloads() {
        for label in SIX.map(|label| format!("app.kubernetes.io/{label}")) {
            if !object.labels.contains_key(&label) || !workload.template.metadata.labels.contains_key(&label)
            {
                findings.about("W11-labels", &object.title, format!("label it and its pods {label}"));
            }
        }
        let own = workload.selector.as_ref().is_none_or(|selector| {
            !selector.is_empty() && selector.matches(&workload.template.metadata.labels)
        });
        if !own || flag(&object.source, "/spec/paused") == Some(true) {
            findings.about(
                "dangling-workload",
                &object.title,
                "its selector must take its own pods, and it must not be paused",
            );
        }
    }
}
