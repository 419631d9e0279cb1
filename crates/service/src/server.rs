//! Listening, and stopping without losing a request.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use tokio::sync::watch;

use crate::admin::Health;
use crate::limits::{CONNECTIONS, Capacity, WORKERS};
use crate::settings::{ConfigError, Var, Vars};

const LISTEN_MEANING: &str = "address of the business port, `host:port`; port 0 takes a free one";
const ADMIN_LISTEN_MEANING: &str =
    "address of `/livez`, `/readyz`, `/startupz` and `/metrics`; never exposed";

/// A service's listeners and how they are served.
#[derive(Debug)]
pub struct ServerSettings {
    /// Business port.
    pub listen: SocketAddr,
    /// Probes and metrics.
    pub admin: SocketAddr,
    /// Threads and connections of the business port.
    pub capacity: Capacity,
    /// How long readiness fails before listening stops.
    pub drain: Duration,
}

const DRAIN: Var =
    Var::new("DRAIN_MS", "0", "milliseconds between failing readiness and closing the listeners");

impl ServerSettings {
    /// Reads `LISTEN`, `ADMIN_LISTEN`, `HTTP_WORKERS`, `HTTP_CONNECTIONS`, `DRAIN_MS`; the two default addresses are the service's.
    pub fn read(vars: &Vars, listen: &'static str, admin: &'static str) -> Result<Self, ConfigError> {
        let [listen, admin, ..] = self::vars(listen, admin);
        Ok(Self {
            listen: vars.required(&listen)?,
            admin: vars.required(&admin)?,
            capacity: Capacity::read(vars)?,
            drain: vars.millis(&DRAIN, 0..=60_000)?,
        })
    }
}

/// The variables that [`ServerSettings::read`] reads, for the tables.
#[must_use]
pub fn vars(listen: &'static str, admin: &'static str) -> [Var; 5] {
    let listen = Var::new("LISTEN", listen, LISTEN_MEANING);
    [listen, Var::new("ADMIN_LISTEN", admin, ADMIN_LISTEN_MEANING), WORKERS, CONNECTIONS, DRAIN]
}

/// Listens on an address and gives the one it got, or says in a sentence why not.
pub fn listen(addr: SocketAddr) -> Result<(TcpListener, SocketAddr), ConfigError> {
    let refused = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AddrInUse => ConfigError::new(format!(
            "{addr} is in use by another process; stop that one or choose another port"
        )),
        _ => ConfigError::new(format!("cannot listen on {addr}: {e}")),
    };
    let listener = TcpListener::bind(addr).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let addr = listener.local_addr().map_err(refused)?;
    Ok((listener, addr))
}

/// Tells everything that runs when to stop.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// The other end of [`Shutdown`].
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

impl Trigger {
    /// Asks for the stop.
    pub fn pull(&self) {
        let _ = self.0.send(true);
    }
}

impl Shutdown {
    /// A stop that a test or a tool asks for.
    #[must_use]
    pub fn manual() -> (Trigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (Trigger(sender), Self(receiver))
    }

    /// A stop at SIGTERM or SIGINT. Needs a running tokio.
    pub fn on_signals() -> Result<Self, ConfigError> {
        use tokio::signal::unix::{SignalKind, signal};
        let refused = |e: std::io::Error| ConfigError::new(format!("cannot watch signals: {e}"));
        let mut term = signal(SignalKind::terminate()).map_err(refused)?;
        let mut int = signal(SignalKind::interrupt()).map_err(refused)?;
        let (trigger, shutdown) = Self::manual();
        tokio::spawn(async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            trigger.pull();
        });
        Ok(shutdown)
    }

    /// Whether the stop was asked for. Where nobody is left to ask for it, whoever started all this is gone.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until the stop is asked for.
    pub async fn asked(&mut self) {
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

/// Serves until the stop is asked for: readiness fails first, then listening ends, then requests in flight do.
pub async fn run(servers: Vec<Server>, health: Health, drain: Duration, mut shutdown: Shutdown) {
    let handles: Vec<ServerHandle> = servers.iter().map(Server::handle).collect();
    let running: Vec<_> = servers.into_iter().map(tokio::spawn).collect();
    health.set_ready(true);
    shutdown.asked().await;
    tracing::info!(drain_ms = drain.as_millis(), "stopping: readiness fails, requests in flight go on");
    health.set_ready(false);
    tokio::time::sleep(drain).await;
    futures_util::future::join_all(handles.iter().map(|handle| handle.stop(true))).await;
    for server in running {
        let _ = server.await;
    }
    tracing::info!("stopped");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stop_is_asked_for_by_whoever_may_or_when_nobody_can_any_more() {
        let (trigger, mut shutdown) = Shutdown::manual();
        assert!(!shutdown.is_asked());
        let other = shutdown.clone();
        trigger.pull();
        shutdown.asked().await;
        assert!(shutdown.is_asked() && other.is_asked());
        let (trigger, mut shutdown) = Shutdown::manual();
        drop(trigger);
        shutdown.asked().await;
        assert!(shutdown.is_asked(), "else a loop that waits for it would never rest");
    }
}
