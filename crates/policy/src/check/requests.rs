//! What is asked of a port by way of trial: what the call graph names, what the policies name, and their near misses.

use std::collections::BTreeSet;

use super::World;
use crate::layer::mesh::Guard;
use crate::object::AuthorizationPolicy;
use crate::pattern::example;
use crate::place::Place;
use crate::request::{Request, Token};

/// Methods that are tried everywhere.
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
/// Paths that are tried everywhere.
const PATHS: [&str; 4] = ["/", "/internal/events", "/metrics", "/anything/at/all"];

/// Which token a request shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// None.
    None,
    /// The one that the call graph names.
    Right,
    /// The same, signed by another key.
    Forged,
    /// Of another issuer.
    OtherIssuer,
    /// For another audience.
    OtherAudience,
    /// Of another subject.
    OtherSubject,
}

impl TokenKind {
    /// Each of them.
    pub const ALL: [Self; 6] =
        [Self::None, Self::Right, Self::Forged, Self::OtherIssuer, Self::OtherAudience, Self::OtherSubject];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Right => "right",
            Self::Forged => "forged",
            Self::OtherIssuer => "other-issuer",
            Self::OtherAudience => "other-audience",
            Self::OtherSubject => "other-subject",
        }
    }

    /// Such a token, made from the right one.
    #[must_use]
    pub fn of(self, right: &Token) -> Option<Token> {
        let right = right.clone();
        match self {
            Self::None => None,
            Self::Right => Some(right),
            Self::Forged => Some(Token { genuine: false, ..right }),
            Self::OtherIssuer => Some(Token { issuer: "somebody.else".into(), ..right }),
            Self::OtherAudience => Some(Token { audience: "somebody-else".into(), ..right }),
            Self::OtherSubject => Some(Token { subject: format!("{}-x", right.subject), ..right }),
        }
    }
}

/// Tokens that are shown to a callee's port: all kinds where a call names one, else none.
#[must_use]
pub fn tokens_for(world: &World<'_>, callee: &Place, port: u16) -> Vec<(TokenKind, Option<Token>)> {
    let calls = world.graph.calls.iter().filter(|call| call.callee == callee.name && call.port == port);
    match calls.filter_map(|call| call.token.as_ref()).next() {
        Some(right) => TokenKind::ALL.into_iter().map(|kind| (kind, kind.of(right))).collect(),
        None => vec![(TokenKind::None, None)],
    }
}

/// The name by which a callee is asked.
#[must_use]
pub fn host_of(world: &World<'_>, callee: &Place, port: u16) -> String {
    let service = world.render.ways_to(callee, port).next().map(|(object, _)| object.name.clone());
    format!(
        "{}.{}.svc.cluster.local",
        service.unwrap_or_else(|| callee.name.replace('/', "-")),
        callee.namespace
    )
}

/// Requests without tokens: every method with every path, or few where `few` will do.
#[must_use]
pub fn requests_to(
    world: &World<'_>,
    guard: &Guard<'_>,
    callee: &Place,
    port: u16,
    few: bool,
) -> Vec<Request> {
    let calls = world.graph.calls.iter().filter(|call| call.callee == callee.name && call.port == port);
    let mut methods: BTreeSet<&str> =
        calls.clone().flat_map(|call| &call.methods).map(String::as_str).collect();
    let mut paths: BTreeSet<String> = calls.flat_map(|call| &call.paths).map(|path| example(path)).collect();
    for operation in guard.policies().iter().flat_map(|(_, policy)| operations(policy)) {
        paths.extend(operation.paths.iter().chain(&operation.not_paths).map(|path| example(path)));
        methods.extend(operation.methods.iter().filter(|method| !method.contains('*')).map(String::as_str));
    }
    if !few {
        methods.extend(METHODS);
        let near: Vec<String> = paths.iter().flat_map(|path| near_misses(path)).collect();
        paths.extend(near);
        paths.extend(PATHS.map(str::to_owned));
    }
    let host = host_of(world, callee, port);
    let request = |method: &str, path: &String| Request {
        method: method.into(),
        path: path.clone(),
        host: host.clone(),
        token: None,
    };
    methods.iter().flat_map(|method| paths.iter().map(|path| request(method, path))).collect()
}

fn operations(policy: &AuthorizationPolicy) -> impl Iterator<Item = &crate::object::Operation> {
    policy.rules.iter().flat_map(|rule| rule.to.iter().map(|item| &item.operation))
}

fn near_misses(path: &str) -> Vec<String> {
    let parent = path.trim_end_matches('/').rsplit_once('/').map(|(parent, _)| parent.to_owned());
    let parent = parent.filter(|parent| !parent.is_empty());
    [format!("{path}/x"), format!("{path}x")].into_iter().chain(parent).collect()
}
