//! Puts together what a service needs to send and receive events.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use db::Db;
use service::app::Service;
use service::identity::IdentitySettings;
use service::limits::Capacity;
use service::metrics::Metrics;
use service::reload::Reloads;
use service::server::listen;
use service::signed::{self, Gate};
use service::{Clock, ConfigError};
use tokio::sync::Notify;

use crate::consumer::Consumer;
use crate::meters::Meters;
use crate::push::Push;
use crate::receive;
use crate::relay::Relay;
use crate::settings::{EventSettings, Receiving};
use crate::transport::Transport;

/// What the service gives to it.
pub struct Parts<'a> {
    /// Rows.
    pub db: &'a Db,
    /// Time.
    pub clock: &'a Clock,
    /// Where it counts.
    pub metrics: &'a Metrics,
    /// Reads keys and certificates again.
    pub reloads: &'a mut Reloads,
    /// Who the service is.
    pub identity: &'a IdentitySettings,
    /// How much its ports serve at once.
    pub capacity: Capacity,
    /// Woken when an event was committed.
    pub wake: Arc<Notify>,
}

/// What is to be run beside the service's own: the server with its other ones, the relay as a job.
pub struct Events {
    /// The port on which events are received.
    pub server: Option<Server>,
    /// Where it is.
    pub addr: Option<SocketAddr>,
    /// Tells what happened here.
    pub relay: Option<Relay>,
}

impl Events {
    /// Checks everything and binds the port; needs a running tokio.
    pub fn build<C: Consumer>(
        settings: EventSettings,
        consumer: C,
        parts: Parts<'_>,
    ) -> Result<Self, ConfigError> {
        let meters = Meters::new(parts.metrics)?;
        let relay = match settings.sending {
            None => None,
            Some(sending) => {
                let transport = Transport::Push(Push::new(sending, parts.clock, parts.reloads)?);
                let (db, clock, wake) = (parts.db.clone(), parts.clock.clone(), Arc::clone(&parts.wake));
                Some(Relay::new(db, clock, transport, wake, meters.clone()))
            }
        };
        let (server, addr) = match settings.receiving {
            None => (None, None),
            Some(receiving) => {
                let (server, addr) = receive(receiving, consumer, parts, meters)?;
                (Some(server), Some(addr))
            }
        };
        Ok(Self { server, addr, relay })
    }

    /// Hands the port and the job over to the service that runs them.
    pub fn join(self, service: &mut Service) {
        if let Some(server) = self.server {
            service.add(server);
        }
        if let Some(relay) = self.relay {
            service.spawn(|shutdown| relay.run(shutdown));
        }
    }
}

fn receive<C: Consumer>(
    Receiving { listen: wanted, verifier }: Receiving,
    consumer: C,
    parts: Parts<'_>,
    meters: Meters,
) -> Result<(Server, SocketAddr), ConfigError> {
    parts.reloads.watch(&verifier)?;
    let (source, tls) = signed::callers(parts.identity, parts.reloads)?;
    let gate = Gate { verifier, source, clock: parts.clock.clone() };
    let (listener, addr) = listen(wanted)?;
    let metrics = (parts.metrics.clone(), meters);
    let server = receive::server(listener, parts.capacity, (gate, tls), Arc::new(consumer), metrics)?;
    Ok((server, addr))
}
