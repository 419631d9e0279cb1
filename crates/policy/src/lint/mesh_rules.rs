//! The rules inside of AuthorizationPolicies.

use super::mesh::authorizations;
use crate::check::World;
use crate::finding::Findings;
use crate::object::{Action, AuthorizationPolicy, Operation, Rule, Source};

/// M2, M3: ALLOW only, by what is, not by what is not; who, where and what in each rule.
pub(super) fn positive_and_exact(world: &World<'_>, findings: &mut Findings) {
    for (object, policy) in authorizations(world) {
        if policy.action != Action::Allow {
            findings.about(
                "M2-allow-only",
                &object.title,
                "write what is allowed: everything else is refused already",
            );
        }
        for rule in &policy.rules {
            for problem in problems(rule) {
                findings.about("M3-exact", &object.title, problem);
            }
        }
    }
}

fn problems(rule: &Rule) -> Vec<&'static str> {
    let mut problems = Vec::new();
    if rule.from.is_empty() || rule.from.iter().any(|item| !names_somebody(&item.source)) {
        problems.push("each source needs exact principals, or serviceAccounts, without a star");
    }
    if rule.from.iter().flat_map(|item| &item.source.request_principals).any(|text| !names_issuer(text)) {
        problems.push("requestPrincipals is issuer/subject, with an exact issuer");
    }
    if rule.to.is_empty() || rule.to.iter().any(|item| !is_complete(&item.operation)) {
        problems.push("each operation needs ports, methods and paths, and a star in none of the first two");
    }
    let negative = rule.from.iter().any(|item| is_negative(&item.source))
        || rule.to.iter().any(|item| {
            let Operation { not_hosts, not_ports, not_methods, not_paths, .. } = &item.operation;
            [not_hosts, not_ports, not_methods, not_paths].iter().any(|list| !list.is_empty())
        })
        || rule.when.iter().any(|condition| !condition.not_values.is_empty());
    if negative {
        problems.push(
            "say what is allowed, not what is not: a `not` field also matches callers without an identity",
        );
    }
    if rule.when.iter().any(|condition| condition.values.iter().any(|value| value.contains('*'))) {
        problems.push("a condition needs exact values");
    }
    problems
}

fn names_somebody(source: &Source) -> bool {
    let exact = |list: &[String]| !list.is_empty() && list.iter().all(|value| !value.contains('*'));
    exact(&source.principals) || exact(&source.service_accounts)
}

/// The subject may be a star: a condition pins it (docs/adr/0201).
fn names_issuer(text: &str) -> bool {
    text.rsplit_once('/').is_some_and(|(issuer, _)| !issuer.is_empty() && !issuer.contains('*'))
}

fn is_negative(source: &Source) -> bool {
    let Source {
        not_principals,
        not_request_principals,
        not_namespaces,
        not_service_accounts,
        not_ip_blocks,
        ..
    } = source;
    [not_principals, not_request_principals, not_namespaces, not_service_accounts, not_ip_blocks]
        .iter()
        .any(|list| !list.is_empty())
}

fn is_complete(operation: &Operation) -> bool {
    let exact = |list: &[String]| !list.is_empty() && list.iter().all(|value| !value.contains('*'));
    let paths =
        !operation.paths.is_empty() && !operation.paths.iter().any(|path| path == "*" || path == "/*");
    exact(&operation.ports) && exact(&operation.methods) && paths
}

/// M3, M4: one policy with one rule leads to each guarded workload, and certificate and token stand in one source.
pub(super) fn one_rule_for_the_guarded(world: &World<'_>, findings: &mut Findings) {
    for name in &world.graph.guarded {
        let Some(place) = world.universe.place(name) else { continue };
        let lets_in = |policy: &AuthorizationPolicy| {
            let selects = policy.selector.as_ref().is_none_or(|selector| selector.matches(&place.labels));
            policy.action == Action::Allow && !policy.rules.is_empty() && selects
        };
        let leading: Vec<_> = authorizations(world)
            .filter(|(object, policy)| object.namespace == place.namespace && lets_in(policy))
            .collect();
        let [(object, policy)] = leading.as_slice() else {
            findings.general(
                "M3-one-rule",
                format!("{name} needs one AuthorizationPolicy that lets in, and has {}", leading.len()),
            );
            continue;
        };
        let [rule] = policy.rules.as_slice() else {
            findings.about("M3-one-rule", &object.title, "one rule only: two mean either of them");
            continue;
        };
        let [item] = rule.from.as_slice() else {
            findings.about("M4-and", &object.title, "one `from` item only: two mean either of them");
            continue;
        };
        if item.source.request_principals.is_empty() || item.source.principals.is_empty() {
            findings.about(
                "M4-and",
                &object.title,
                "principals and requestPrincipals stand in one source, so that both must hold",
            );
        }
    }
}
