//! AuthorizationPolicy.

use serde::Deserialize;

use super::Policy;
use crate::cidr::Cidr;
use crate::pattern;
use crate::selector::WorkloadSelector;

/// `spec` of an AuthorizationPolicy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationPolicy {
    /// Which pods.
    pub selector: Option<WorkloadSelector>,
    /// What follows from a match.
    #[serde(default)]
    pub action: Action,
    /// Any of them may match; none can when there is none.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// What follows from a match.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Only what matches one of these is let through.
    #[default]
    Allow,
    /// What matches is refused, whatever allows it.
    Deny,
    /// What matches is written down.
    Audit,
    /// Somebody else decides.
    Custom,
}

/// All that is said of a request in one rule must hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Any of these sources.
    #[serde(default)]
    pub from: Vec<From>,
    /// Any of these operations.
    #[serde(default)]
    pub to: Vec<To>,
    /// All of these conditions.
    #[serde(default)]
    pub when: Vec<Condition>,
}

/// An item of `from`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// Who.
    #[serde(default)]
    pub source: Source,
}

/// An item of `to`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct To {
    /// What.
    #[serde(default)]
    pub operation: Operation,
}

/// Who asks: every list that is there must have a match, and no `not` list may.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(missing_docs, reason = "they are the API's own names")]
pub struct Source {
    pub principals: Vec<String>,
    pub not_principals: Vec<String>,
    pub request_principals: Vec<String>,
    pub not_request_principals: Vec<String>,
    pub namespaces: Vec<String>,
    pub not_namespaces: Vec<String>,
    pub service_accounts: Vec<String>,
    pub not_service_accounts: Vec<String>,
    pub ip_blocks: Vec<String>,
    pub not_ip_blocks: Vec<String>,
}

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(missing_docs, reason = "they are the API's own names")]
pub struct Operation {
    pub hosts: Vec<String>,
    pub not_hosts: Vec<String>,
    pub ports: Vec<String>,
    pub not_ports: Vec<String>,
    pub methods: Vec<String>,
    pub not_methods: Vec<String>,
    pub paths: Vec<String>,
    pub not_paths: Vec<String>,
}

/// An item of `when`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// Of what.
    pub key: String,
    /// One of these.
    #[serde(default)]
    pub values: Vec<String>,
    /// None of these.
    #[serde(default)]
    pub not_values: Vec<String>,
}

/// Conditions that can be judged.
const KEYS: &[&str] = &["source.principal", "source.namespace", "source.ip", "destination.port"];
const CLAIMS: &[&str] = &["request.auth.claims[iss]", "request.auth.claims[sub]", "request.auth.claims[aud]"];

impl Condition {
    /// Whether only HTTP has it.
    #[must_use]
    pub fn is_http(&self) -> bool {
        self.key.starts_with("request.")
    }

    fn problem(&self) -> Option<String> {
        let key = self.key.as_str();
        let header = key.starts_with("request.headers[") && key.ends_with(']');
        if !(KEYS.contains(&key) || CLAIMS.contains(&key) || header) {
            return Some(format!("when.key {key} is not understood"));
        }
        (self.values.is_empty() && self.not_values.is_empty())
            .then(|| format!("when.key {key} has no values"))
    }
}

impl Policy for AuthorizationPolicy {
    fn problem(&self) -> Option<String> {
        if self.action == Action::Custom {
            return Some("spec.action CUSTOM lets somebody else decide, which cannot be judged here".into());
        }
        self.rules.iter().find_map(rule_problem).map(|problem| format!("spec.rules: {problem}"))
    }
}

fn rule_problem(rule: &Rule) -> Option<String> {
    let sources = rule.from.iter().find_map(|item| source_problem(&item.source));
    let operations = rule.to.iter().find_map(|item| operation_problem(&item.operation));
    sources.or(operations).or_else(|| rule.when.iter().find_map(Condition::problem))
}

fn source_problem(source: &Source) -> Option<String> {
    let accounts = source.service_accounts.iter().chain(&source.not_service_accounts);
    let requests = source.request_principals.iter().chain(&source.not_request_principals);
    let others = !source.principals.is_empty() || !source.namespaces.is_empty();
    if others && !source.service_accounts.is_empty() {
        return Some("serviceAccounts stands beside principals or namespaces, which Istio refuses".into());
    }
    let whole = |account: &str| account.contains('/') && !account.contains('*');
    if let Some(account) = accounts.into_iter().find(|account| !whole(account)) {
        return Some(format!("serviceAccounts {account}: write namespace/account, without a star"));
    }
    let blocks = source.ip_blocks.iter().chain(&source.not_ip_blocks);
    if let Some(block) = blocks.into_iter().find(|block| Cidr::parse(block).is_none()) {
        return Some(format!("ipBlocks {block} is no range of addresses"));
    }
    let bad = requests.into_iter().find(|text| *text != "*" && !text.contains('/'));
    bad.map(|text| format!("requestPrincipals {text} is neither issuer/subject nor a star"))
}

fn operation_problem(operation: &Operation) -> Option<String> {
    let mut ports = operation.ports.iter().chain(&operation.not_ports);
    if let Some(port) = ports.find(|port| port.parse::<u16>().is_err()) {
        return Some(format!("ports {port} is no port number"));
    }
    let mut paths = operation.paths.iter().chain(&operation.not_paths);
    paths.find_map(|path| pattern::path_problem(path).map(|problem| format!("paths {path:?}: {problem}")))
}
