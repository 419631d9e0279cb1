//! What a caller may take of a service, beside the sizes of bodies (`extract`) and the wait for a connection to the
//! database (`database`). docs/SECURITY.md lists all of them.

use std::time::Duration;

use crate::settings::{ConfigError, Var, Vars};

/// How long a TLS handshake may take.
pub const HANDSHAKE_TIME: Duration = Duration::from_secs(3);
/// How long the head of a request may take to arrive.
pub const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long an idle connection stays open: longer than our own clients keep one, so that none sends into a connection
/// that is just being closed.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Most connections to the business port.
pub const CONNECTIONS: Var = Var::new(
    "HTTP_CONNECTIONS",
    "1024",
    "most connections to the business port at once, 2 to 100000; further ones wait to be accepted",
);

/// Threads that serve the business port.
pub const WORKERS: Var = Var::new("HTTP_WORKERS", "2", "threads that serve the business port, 1 to 64");

/// How much a business port serves at once.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    /// Threads.
    pub workers: usize,
    /// Most connections of each.
    pub connections: usize,
}

impl Capacity {
    /// Reads `HTTP_WORKERS` and `HTTP_CONNECTIONS`.
    pub fn read(vars: &Vars) -> Result<Self, ConfigError> {
        let (workers, connections) =
            (vars.number(&WORKERS, 1..=64)?, vars.number(&CONNECTIONS, 2..=100_000)?);
        let each = connections.div_ceil(workers);
        let size = |number: u64| usize::try_from(number).map_err(ConfigError::internal);
        Ok(Self { workers: size(workers)?, connections: size(each)? })
    }
}
