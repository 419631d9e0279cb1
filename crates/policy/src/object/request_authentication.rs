//! RequestAuthentication.

use serde::Deserialize;

use super::Policy;
use crate::selector::WorkloadSelector;

/// `spec` of a RequestAuthentication.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestAuthentication {
    /// Which pods.
    pub selector: Option<WorkloadSelector>,
    /// Which tokens.
    #[serde(default)]
    pub jwt_rules: Vec<JwtRule>,
}

/// One issuer's tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JwtRule {
    /// `iss`, exactly.
    pub issuer: String,
    /// Accepted `aud`; any when there is none.
    #[serde(default)]
    pub audiences: Vec<String>,
    /// The public keys.
    pub jwks: Option<String>,
    /// Where the public keys are fetched.
    pub jwks_uri: Option<String>,
    /// Headers that hold the token; `Authorization: Bearer` and the parameter `access_token` when there is none.
    #[serde(default)]
    pub from_headers: Vec<FromHeader>,
    /// Query parameters that hold the token.
    #[serde(default)]
    pub from_params: Vec<String>,
    /// Cookies that hold the token.
    #[serde(default)]
    pub from_cookies: Vec<String>,
    /// Whether the application sees the token too.
    #[serde(default)]
    pub forward_original_token: bool,
}

/// A header that holds a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FromHeader {
    /// Its name.
    pub name: String,
    /// What stands before the token.
    #[serde(default)]
    pub prefix: String,
}

impl Policy for RequestAuthentication {
    fn problem(&self) -> Option<String> {
        let bad = |rule: &JwtRule| match (&rule.jwks, &rule.jwks_uri) {
            (Some(_), Some(_)) => Some("jwks and jwksUri exclude each other"),
            (None, _) => Some("only inline jwks can be judged; put the public keys there"),
            (Some(_), None) if rule.issuer.is_empty() => Some("issuer is empty"),
            (Some(jwks), None) if public_keys(jwks).is_empty() => Some("jwks holds no public key"),
            _ => None,
        };
        self.jwt_rules.iter().find_map(bad).map(|problem| format!("spec.jwtRules: {problem}"))
    }
}

/// The public keys of a key set, in an order of their own; none when it is no key set.
#[must_use]
pub fn public_keys(jwks: &str) -> Vec<String> {
    let Ok(set) = serde_json::from_str::<serde_json::Value>(jwks) else { return Vec::new() };
    let listed = set.get("keys").and_then(serde_json::Value::as_array);
    let mut keys: Vec<String> = listed.into_iter().flatten().map(ToString::to_string).collect();
    keys.sort();
    keys
}
