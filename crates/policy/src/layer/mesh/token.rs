//! RequestAuthentication: a bad token is refused; a missing one passes, and proves nothing.

use crate::object::{FromHeader, JwtRule, Object, RequestAuthentication, Spec, public_keys};
use crate::place::Place;
use crate::render::Render;
use crate::request::Token;

/// The issuers that one pod's sidecar knows.
pub(super) struct Tokens<'a> {
    rules: Vec<Known<'a>>,
}

struct Known<'a> {
    object: &'a Object,
    rule: &'a JwtRule,
    /// Whether its keys are those of the charge key.
    verifies: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(render: &'a Render, place: &Place) -> Self {
        let all = render
            .all(|spec| if let Spec::RequestAuthentication(policy) = spec { Some(policy) } else { None });
        let selecting = all.filter(|(object, policy): &(&Object, &RequestAuthentication)| {
            super::selects(object, policy.selector.as_ref(), place)
        });
        let rules =
            selecting.flat_map(|(object, policy)| policy.jwt_rules.iter().map(move |rule| (object, rule)));
        let known = |(object, rule): (&'a Object, &'a JwtRule)| {
            let keys = public_keys(rule.jwks.as_deref().unwrap_or_default());
            let verifies = render.charge_keys.is_empty() || keys == render.charge_keys;
            Known { object, rule, verifies }
        };
        Self { rules: rules.map(known).collect() }
    }

    /// Whether what was verified travels on; tokens that nobody here knows always do.
    pub(super) fn forwarded(&self) -> bool {
        self.rules.iter().all(|known| known.rule.forward_original_token)
    }

    /// The token, once verified; none when there was none, or nobody looked.
    pub(super) fn verify<'t>(
        &self,
        token: Option<&'t Token>,
    ) -> Result<Option<&'t Token>, (&'a Object, &'static str)> {
        let Some(token) = token else { return Ok(None) };
        let mut looking = self.rules.iter().filter(|known| looks_at_bearer(known.rule)).peekable();
        let Some(first) = looking.peek() else { return Ok(None) };
        let object = first.object;
        let Some(known) = looking.find(|known| known.rule.issuer == token.issuer) else {
            return Err((object, "401: the token's issuer is not known"));
        };
        let audiences = &known.rule.audiences;
        if !(token.genuine && known.verifies) {
            Err((known.object, "401: the token is not signed by a key of its key set"))
        } else if !audiences.is_empty() && !audiences.contains(&token.audience) {
            Err((known.object, "403: the token is meant for another audience"))
        } else {
            Ok(Some(token))
        }
    }
}

/// Whether the token of `Authorization: Bearer` is seen.
fn looks_at_bearer(rule: &JwtRule) -> bool {
    let nothing_said =
        rule.from_headers.is_empty() && rule.from_params.is_empty() && rule.from_cookies.is_empty();
    nothing_said || rule.from_headers.iter().any(is_bearer)
}

fn is_bearer(header: &FromHeader) -> bool {
    header.name.eq_ignore_ascii_case("authorization") && header.prefix == "Bearer "
}
