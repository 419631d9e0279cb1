//! What a route says of its callers.

use gate::token::Scope;

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// A team that holds an API key with this scope.
    Key(Scope),
    /// The same, and users for what is their own: the handler takes a `Viewer`.
    Own(Scope),
    /// Only what the service's own gate lets through (workload identity and signed request).
    Gate,
}
