//! Who may do what with the API server.

use crate::check::World;
use crate::finding::Findings;
use crate::object::{Object, RoleRule, Rules, Spec};

fn roles<'a>(world: &World<'a>) -> impl Iterator<Item = (&'a Object, &'a Rules)> {
    world.render.all(|spec| if let Spec::Role(rules) = spec { Some(rules) } else { None })
}

fn has(list: &[String], wanted: &[&str]) -> bool {
    list.iter().any(|item| item == "*" || wanted.contains(&item.as_str()))
}

fn each(
    world: &World<'_>,
    findings: &mut Findings,
    rule: &'static str,
    bad: fn(&RoleRule) -> bool,
    sentence: &str,
) {
    for (object, rules) in roles(world) {
        if rules.0.iter().any(bad) {
            findings.about(rule, &object.title, sentence);
        }
    }
}

/// No star in a role.
pub(super) fn wildcards(world: &World<'_>, findings: &mut Findings) {
    let bad = |rule: &RoleRule| {
        [&rule.verbs, &rule.resources, &rule.api_groups]
            .iter()
            .any(|list| list.iter().any(|item| item.contains('*')))
    };
    each(world, findings, "wildcard-in-rules", bad, "name verbs, resources and groups one by one");
}

/// Nobody reads Secrets but the roles of which the call graph says so.
pub(super) fn secrets(world: &World<'_>, findings: &mut Findings) {
    let reads = |rule: &RoleRule| {
        has(&rule.resources, &["secrets"])
            && has(&rule.api_groups, &[""])
            && has(&rule.verbs, &["get", "list", "watch"])
    };
    for (object, rules) in roles(world) {
        let named = world.graph.secret_readers.contains(&object.title.to_string());
        let sentence = match (rules.0.iter().any(reads), named) {
            (true, false) => "take get, list and watch of secrets away: with them goes every key",
            (false, true) => "it reads no Secret: take it out of the call graph's secret_readers",
            _ => continue,
        };
        findings.about("access-to-secrets", &object.title, sentence);
    }
}

/// Nobody makes pods by hand, or gets into one: a pod may run as any account of its namespace.
pub(super) fn pods(world: &World<'_>, findings: &mut Findings) {
    const INSIDE: [&str; 5] =
        ["pods/exec", "pods/attach", "pods/ephemeralcontainers", "serviceaccounts/token", "nodes/proxy"];
    let bad = |rule: &RoleRule| {
        has(&rule.resources, &["pods"]) && has(&rule.verbs, &["create", "update", "patch"])
            || has(&rule.resources, &INSIDE)
            || has(&rule.verbs, &["escalate", "bind", "impersonate"])
    };
    each(
        world,
        findings,
        "access-to-create-pods",
        bad,
        "take it away: who makes or enters a pod runs as invoice-app",
    );
}

/// No built-in role that opens everything.
pub(super) fn cluster_admin(world: &World<'_>, findings: &mut Findings) {
    let all =
        world.render.all(|spec| if let Spec::RoleBinding(binding) = spec { Some(binding) } else { None });
    for (object, binding) in all {
        let role = &binding.role_ref;
        if role.kind == "ClusterRole" && ["cluster-admin", "admin", "edit"].contains(&role.name.as_str()) {
            let sentence = format!(
                "{} also reads Secrets, enters pods and changes NetworkPolicies; write a role of your own",
                role.name
            );
            findings.about("cluster-admin-role-binding", &object.title, sentence);
        }
    }
}
