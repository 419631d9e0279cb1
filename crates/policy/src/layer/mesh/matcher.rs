//! Whether one rule of an AuthorizationPolicy matches one call.

use super::Peer;
use crate::cidr::Cidr;
use crate::object::{Condition, Operation, Rule, Source};
use crate::pattern::{matches, path_matches};
use crate::request::{Request, Token};

/// What is known of a call.
pub(super) struct Facts<'a> {
    pub peer: Peer<'a>,
    pub port: u16,
    /// None where the port is no HTTP to the sidecar.
    pub request: Option<&'a Request>,
    /// Verified.
    pub token: Option<&'a Token>,
}

pub(super) struct Matcher<'a> {
    pub facts: &'a Facts<'a>,
    /// On a port that is no HTTP, what asks for HTTP never matches in an ALLOW, and always in a DENY.
    pub deny: bool,
}

impl Matcher<'_> {
    /// From, to and when must all hold; of the items of each of the first two, one.
    pub fn rule(&self, rule: &Rule) -> bool {
        (rule.from.is_empty() || rule.from.iter().any(|item| self.source(&item.source)))
            && (rule.to.is_empty() || rule.to.iter().any(|item| self.operation(&item.operation)))
            && rule.when.iter().all(|condition| self.condition(condition))
    }

    fn source(&self, source: &Source) -> bool {
        let Peer { identity, principal, address } = self.facts.peer;
        let namespace = identity.map_or("", |identity| identity.namespace.as_str());
        let in_block = |block: &str| Cidr::parse(block).is_some_and(|range| range.contains(address));
        list(&source.principals, &source.not_principals, |pattern| matches(pattern, principal))
            && list(&source.namespaces, &source.not_namespaces, |pattern| matches(pattern, namespace))
            && list(&source.service_accounts, &source.not_service_accounts, |text| self.is_account(text))
            && list(&source.ip_blocks, &source.not_ip_blocks, in_block)
            && self.http(&source.request_principals, &source.not_request_principals, |_, pattern| {
                self.is_request_principal(pattern)
            })
    }

    fn is_account(&self, text: &str) -> bool {
        let Some(identity) = self.facts.peer.identity else { return false };
        text.split_once('/') == Some((&identity.namespace, &identity.account))
    }

    /// Istio takes what follows the last slash for the subject (docs/adr/0201).
    fn is_request_principal(&self, pattern: &str) -> bool {
        let Some(token) = self.facts.token else { return false };
        if pattern == "*" {
            return true;
        }
        let parts = pattern.rsplit_once('/');
        parts.is_some_and(|(issuer, subject)| {
            matches(issuer, &token.issuer) && matches(subject, &token.subject)
        })
    }

    fn operation(&self, operation: &Operation) -> bool {
        let port = self.facts.port.to_string();
        list(&operation.ports, &operation.not_ports, |written| written == port)
            && self.http(&operation.hosts, &operation.not_hosts, |request, pattern| {
                matches(&pattern.to_ascii_lowercase(), &request.host)
            })
            && self.http(&operation.methods, &operation.not_methods, |request, pattern| {
                matches(pattern, &request.method)
            })
            && self.http(&operation.paths, &operation.not_paths, |request, pattern| {
                path_matches(pattern, &request.path)
            })
    }

    fn condition(&self, condition: &Condition) -> bool {
        let Condition { key, values, not_values } = condition;
        if condition.is_http() {
            return self.http(values, not_values, |_, pattern| matches(pattern, self.claim(key)));
        }
        let Peer { identity, principal, address } = self.facts.peer;
        let port = self.facts.port.to_string();
        list(values, not_values, |pattern| match key.as_str() {
            "source.principal" => matches(pattern, principal),
            "source.namespace" => matches(pattern, identity.map_or("", |identity| &identity.namespace)),
            "source.ip" => Cidr::parse(pattern).is_some_and(|range| range.contains(address)),
            _ => pattern == port,
        })
    }

    /// Of a verified token; a header is taken to be missing, and a missing claim is empty, which no pattern matches.
    fn claim(&self, key: &str) -> &str {
        let Some(token) = self.facts.token else { return "" };
        match key {
            "request.auth.claims[iss]" => &token.issuer,
            "request.auth.claims[sub]" => &token.subject,
            "request.auth.claims[aud]" => &token.audience,
            _ => "",
        }
    }

    fn http(&self, values: &[String], not: &[String], test: impl Fn(&Request, &str) -> bool) -> bool {
        if values.is_empty() && not.is_empty() {
            return true;
        }
        self.facts.request.map_or(self.deny, |request| list(values, not, |pattern| test(request, pattern)))
    }
}

/// One of the first, when there are any, and none of the second.
fn list(values: &[String], not: &[String], test: impl Fn(&str) -> bool) -> bool {
    (values.is_empty() || values.iter().any(|pattern| test(pattern)))
        && !not.iter().any(|pattern| test(pattern))
}
