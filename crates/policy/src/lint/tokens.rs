//! M5: what the mesh knows of tokens.

use crate::check::World;
use crate::finding::Findings;
use crate::object::{JwtRule, Spec, public_keys};

/// Issuer, audience, key set and place of a token are pinned, and the key set is the service's own.
pub(super) fn pinned(world: &World<'_>, findings: &mut Findings) {
    let all = world
        .render
        .all(|spec| if let Spec::RequestAuthentication(policy) = spec { Some(policy) } else { None });
    for (object, policy) in all {
        if policy.jwt_rules.len() != 1 {
            findings.about("M5-token", &object.title, "one jwtRule only: each more is another issuer");
        }
        for rule in &policy.jwt_rules {
            for problem in problems(world, rule) {
                findings.about("M5-token", &object.title, problem);
            }
        }
    }
}

fn problems(world: &World<'_>, rule: &JwtRule) -> Vec<&'static str> {
    let keys = public_keys(rule.jwks.as_deref().unwrap_or_default());
    let one_place =
        rule.from_headers.len() == 1 && rule.from_params.is_empty() && rule.from_cookies.is_empty();
    let charge_keys = &world.render.charge_keys;
    [
        (rule.audiences.len() == 1, "audiences names exactly one"),
        (
            one_place,
            "fromHeaders names the one place of the token; unless said, a query parameter will do too",
        ),
        (rule.forward_original_token, "forwardOriginalToken: true, for the service judges the token again"),
        (
            charge_keys.is_empty() || keys == *charge_keys,
            "jwks must be the same keys as the service's own key set",
        ),
    ]
    .into_iter()
    .filter_map(|(holds, problem)| (!holds).then_some(problem))
    .collect()
}
