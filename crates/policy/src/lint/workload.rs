//! What every workload's pods have.

use serde_json::Value;

use super::{flag, items, number, text};
use crate::check::World;
use crate::finding::Findings;
use crate::object::{Object, Spec, Workload};

/// Where a workload keeps its pods' part.
pub(super) fn pod_spec(object: &Object) -> &Value {
    let pointer = match object.kind.as_str() {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    object.source.pointer(pointer).unwrap_or(&Value::Null)
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    items(spec, "/containers").chain(items(spec, "/initContainers"))
}

fn workloads<'a>(world: &World<'a>) -> impl Iterator<Item = (&'a Object, &'a Workload)> {
    world.render.workloads()
}

/// W1: nobody's user, and a system call filter for injected containers too.
pub(super) fn user(world: &World<'_>, findings: &mut Findings) {
    for (object, _) in workloads(world) {
        let spec = pod_spec(object);
        let id = |name: &str| number(spec, &format!("/securityContext/{name}"));
        if flag(spec, "/securityContext/runAsNonRoot") != Some(true) {
            findings.about("W1-user", &object.title, "securityContext.runAsNonRoot: true, of the pod");
        }
        if ["runAsUser", "runAsGroup", "fsGroup"].iter().any(|name| id(name).is_none_or(|id| id < 10_000)) {
            findings.about(
                "W1-user",
                &object.title,
                "runAsUser, runAsGroup and fsGroup: 10000 or more, of the pod",
            );
        }
        let profile = spec.pointer("/securityContext/seccompProfile/type").and_then(Value::as_str);
        if profile != Some("RuntimeDefault") {
            findings.about(
                "W1-seccomp",
                &object.title,
                "securityContext.seccompProfile: RuntimeDefault, of the pod",
            );
        }
    }
}

/// W2: a container cannot become more than it is.
pub(super) fn container(world: &World<'_>, findings: &mut Findings) {
    for (object, _) in workloads(world) {
        let spec = pod_spec(object);
        for container in containers(spec) {
            let drops_all = items(container, "/securityContext/capabilities/drop").any(|item| item == "ALL");
            let adds = items(container, "/securityContext/capabilities/add").next().is_some();
            let safe = flag(container, "/securityContext/allowPrivilegeEscalation") == Some(false)
                && flag(container, "/securityContext/readOnlyRootFilesystem") == Some(true)
                && flag(container, "/securityContext/privileged") != Some(true);
            if !safe || !drops_all || adds {
                let sentence = "each container: allowPrivilegeEscalation false, readOnlyRootFilesystem true, drop ALL, add nothing";
                findings.about("W2-container", &object.title, sentence);
            }
        }
        let unlimited =
            |volume: &&Value| volume.get("emptyDir").is_some_and(|empty| empty.get("sizeLimit").is_none());
        if items(spec, "/volumes").any(|volume| unlimited(&volume)) {
            findings.about("W2-volume", &object.title, "each emptyDir needs a sizeLimit");
        }
    }
}

/// W3: an account of its own, without a token of the API server.
pub(super) fn token(world: &World<'_>, findings: &mut Findings) {
    for (object, workload) in workloads(world) {
        if flag(pod_spec(object), "/automountServiceAccountToken") != Some(false) {
            findings.about("W3-token", &object.title, "automountServiceAccountToken: false");
        }
        if workload.template.spec.service_account_name.as_deref().is_none_or(|name| name == "default") {
            findings.about("W3-account", &object.title, "serviceAccountName: one of its own, never default");
        }
    }
    let accounts = world.render.objects.iter().filter(|object| matches!(object.spec, Spec::ServiceAccount));
    for object in accounts {
        if flag(&object.source, "/automountServiceAccountToken") != Some(false) {
            findings.about("W3-token", &object.title, "automountServiceAccountToken: false");
        }
    }
}

/// W4: what a container needs is asked for, and memory and disk are bounded.
pub(super) fn resources(world: &World<'_>, findings: &mut Findings) {
    for (object, _) in workloads(world) {
        for container in containers(pod_spec(object)) {
            let of = |path: &str| container.pointer(&format!("/resources/{path}"));
            let asked =
                ["requests/cpu", "requests/memory", "requests/ephemeral-storage", "limits/ephemeral-storage"];
            if asked.iter().any(|path| of(path).is_none()) {
                findings.about(
                    "W4-resources",
                    &object.title,
                    "resources: requests of cpu, memory and ephemeral-storage, limits of the latter two",
                );
            }
            if of("limits/memory").is_none() || of("limits/memory") != of("requests/memory") {
                findings.about("W4-memory", &object.title, "limits.memory equals requests.memory");
            }
        }
    }
}

/// W12: ConfigMaps are named after their content, so that a change rolls the pods.
pub(super) fn configuration(world: &World<'_>, findings: &mut Findings) {
    for object in world.render.objects.iter().filter(|object| matches!(object.spec, Spec::ConfigMap(_))) {
        let hash = object.name.rsplit_once('-').map_or("", |(_, hash)| hash);
        let hashed = hash.len() == 10 && hash.chars().all(|c| c.is_ascii_alphanumeric());
        if !hashed || flag(&object.source, "/immutable") != Some(true) {
            findings.about(
                "W12-hash",
                &object.title,
                "let the generator name it after its content, and make it immutable",
            );
        }
    }
    for (object, _) in workloads(world) {
        let from_secret = containers(pod_spec(object))
            .flat_map(|container| items(container, "/env").chain(items(container, "/envFrom")));
        if from_secret
            .into_iter()
            .any(|var| var.pointer("/valueFrom/secretKeyRef").is_some() || var.get("secretRef").is_some())
        {
            findings.about(
                "W12-secret",
                &object.title,
                "mount Secrets as files: variables are inherited and printed",
            );
        }
        if text(object, "/metadata/namespace") == Some("default") {
            findings.about("W12-namespace", &object.title, "never the namespace default");
        }
    }
}

/// I4: the files of a Secret are for their pod's user alone.
pub(super) fn secret_files(world: &World<'_>, findings: &mut Findings) {
    const OWNER_READS: i64 = 0o400;
    for (object, _) in workloads(world) {
        let mut secrets = items(pod_spec(object), "/volumes").filter_map(|volume| volume.pointer("/secret"));
        if secrets.any(|secret| number(secret, "/defaultMode") != Some(OWNER_READS)) {
            findings.about("I4-mode", &object.title, "defaultMode: 0400 for each volume of a Secret");
        }
    }
}

/// I1: a private key is its service's alone: who holds it, and runs as somebody else, could sign in that one's name.
pub(super) fn signing_keys(world: &World<'_>, findings: &mut Findings) {
    for (object, _) in workloads(world) {
        let spec = pod_spec(object);
        let account = spec.pointer("/serviceAccountName").and_then(Value::as_str);
        for (rule, key) in [("I1-charge-key", "-charge-key"), ("I1-event-key", "-event-key")] {
            let owners = secrets_of(spec).filter_map(|secret| Some(secret.split_once(key)?.0));
            for owner in owners.filter(|owner| account != Some(owner)) {
                findings.about(
                    rule,
                    &object.title,
                    format!("take {owner}{key} away: only {owner} signs with it"),
                );
            }
        }
    }
}

/// The names of the Secrets that a pod mounts.
fn secrets_of(spec: &Value) -> impl Iterator<Item = &str> {
    let whole = items(spec, "/volumes").filter_map(|volume| volume.pointer("/secret/secretName"));
    let parts = items(spec, "/volumes").flat_map(|volume| items(volume, "/projected/sources"));
    whole.chain(parts.filter_map(|part| part.pointer("/secret/name"))).filter_map(Value::as_str)
}
