//! AuthorizationPolicies together: a DENY that matches refuses; else, where there is any ALLOW, one must match.

use super::matcher::{Facts, Matcher};
use crate::layer::{Answer, Verdict};
use crate::object::{Action, AuthorizationPolicy, Object};

type Policies<'a> = [(&'a Object, &'a AuthorizationPolicy)];

pub(super) fn judge(policies: &Policies<'_>, facts: &Facts<'_>) -> Verdict {
    let of = |action: Action| policies.iter().filter(move |(_, policy)| policy.action == action);
    if let Some((object, _)) = of(Action::Deny).find(|(_, policy)| any_rule(policy, facts)) {
        return Verdict::refuses(&object.title, "403: it denies this call");
    }
    let Some((first, _)) = of(Action::Allow).next() else {
        return Verdict::new(
            Answer::Absent,
            None,
            "no AuthorizationPolicy with ALLOW is about it, so every call passes",
        );
    };
    match of(Action::Allow).find(|(_, policy)| any_rule(policy, facts)) {
        Some((object, _)) => Verdict::allows(&object.title, "one of its rules matches this call"),
        None => Verdict::refuses(
            &first.title,
            "403: this policy and its like let in only what a rule matches, and no rule does",
        ),
    }
}

fn any_rule(policy: &AuthorizationPolicy, facts: &Facts<'_>) -> bool {
    let matcher = Matcher { facts, deny: policy.action == Action::Deny };
    policy.rules.iter().any(|rule| matcher.rule(rule))
}
