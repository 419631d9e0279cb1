//! Rules of the house that no single call shows. Each has a name that stays, and says what to do.

mod access;
mod dangling;
mod mesh;
mod mesh_rules;
mod namespaces;
mod network;
mod routes;
mod tokens;
mod workload;
mod workload_availability;

use serde_json::Value;

use crate::check::World;
use crate::finding::Findings;
use crate::object::Object;

type Lint = fn(&World<'_>, &mut Findings);

const LINTS: &[Lint] = &[
    namespaces::pod_security,
    namespaces::bounds,
    namespaces::is_rendered,
    network::default_deny,
    network::written_out,
    network::narrow_peers,
    network::closed_doors,
    network::selects_something,
    mesh::strict_everywhere,
    mesh::no_exceptions,
    mesh::allow_nothing,
    mesh::one_workload_each,
    mesh::scope,
    mesh::spoken_protocols,
    routes::no_repeats,
    routes::lead_somewhere,
    mesh::no_way_out,
    mesh_rules::positive_and_exact,
    mesh_rules::one_rule_for_the_guarded,
    tokens::pinned,
    dangling::services,
    dangling::scalers,
    dangling::budgets,
    dangling::accounts,
    dangling::entries,
    access::wildcards,
    access::secrets,
    access::pods,
    access::cluster_admin,
    workload::user,
    workload::container,
    workload::token,
    workload::resources,
    workload::configuration,
    workload::secret_files,
    workload::signing_keys,
    workload_availability::probes,
    workload_availability::budget,
    workload_availability::rollout,
    workload_availability::jobs,
    workload_availability::labels,
];

/// Looks for everything.
pub fn run(world: &World<'_>, findings: &mut Findings) {
    for lint in LINTS {
        if findings.is_full() {
            return;
        }
        lint(world, findings);
    }
}

/// A text somewhere in an object.
fn text<'a>(object: &'a Object, pointer: &str) -> Option<&'a str> {
    object.source.pointer(pointer).and_then(Value::as_str)
}

/// A yes or no somewhere in an object.
fn flag(value: &Value, pointer: &str) -> Option<bool> {
    value.pointer(pointer).and_then(Value::as_bool)
}

/// A number somewhere in an object.
fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}

/// A list somewhere in an object.
pub(crate) fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Whether an overlay says that it is a cluster of one's own.
fn is_development(world: &World<'_>) -> bool {
    const INSTANCE: &str = "app.kubernetes.io/instance";
    let instances = world.render.objects.iter().filter_map(|object| object.labels.get(INSTANCE));
    instances.into_iter().any(|instance| instance == "dev")
}
