//! Puts together what a service needs to send and receive events.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Server;
use db::Db;
use service::app::Service;
use service::identity::IdentitySettings;
use service::limits::Capacity;
use service::metrics::Metrics;
use service::reload::Reloads;
use service::server::{Shutdown, listen};
use service::signed::{self, Gate};
use service::{Clock, ConfigError};
use tokio::sync::Notify;

use crate::broker::{Hearing, Publisher};
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
    /// Hears what a broker has for us.
    pub hearing: Option<Job>,
}

/// What goes on until the stop is asked for.
pub type Job = Box<dyn FnOnce(Shutdown) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl Events {
    /// Checks everything and binds the port; needs a running tokio.
    pub fn build<C: Consumer>(
        settings: EventSettings,
        consumer: C,
        parts: Parts<'_>,
    ) -> Result<Self, ConfigError> {
        let meters = Meters::new(parts.metrics)?;
        let consumer = Arc::new(consumer);
        let EventSettings { sending, receiving, broker } = settings;
        let hearing = broker.as_ref().filter(|broker| broker.hears).map(|broker| {
            let with = (parts.db.clone(), parts.clock.clone());
            let hearing = Hearing::new(broker.access.clone(), Arc::clone(&consumer), with, meters.clone());
            let job: Job = Box::new(move |shutdown| Box::pin(hearing.run(shutdown)));
            job
        });
        let transport = match (sending, broker.filter(|broker| broker.tells)) {
            (Some(sending), _) => {
                let metrics = parts.metrics;
                Some(Transport::Push(Push::new(sending, parts.clock, parts.reloads, metrics)?))
            }
            (None, Some(broker)) => {
                Some(Transport::Amqp(Box::new(Publisher::new(broker.access, meters.clone()))))
            }
            (None, None) => None,
        };
        let own = parts.identity.id.service_account();
        meters.begin(consumer.kinds(), transport.iter().flat_map(|transport| transport.tells(own)));
        let relay = transport.map(|transport| {
            let (db, clock, wake) = (parts.db.clone(), parts.clock.clone(), Arc::clone(&parts.wake));
            Relay::new(db, clock, transport, wake, meters.clone())
        });
        let (server, addr) = match receiving {
            None => (None, None),
            Some(receiving) => {
                let (server, addr) = receive(receiving, consumer, parts, meters)?;
                (Some(server), Some(addr))
            }
        };
        Ok(Self { server, addr, relay, hearing })
    }

    /// Hands the port and the job over to the service that runs them.
    pub fn join(self, service: &mut Service) {
        if let Some(server) = self.server {
            service.add(server);
        }
        if let Some(relay) = self.relay {
            service.spawn(|shutdown| relay.run(shutdown));
        }
        if let Some(hearing) = self.hearing {
            service.spawn(hearing);
        }
    }
}

fn receive<C: Consumer>(
    Receiving { listen: wanted, verifier }: Receiving,
    consumer: Arc<C>,
    parts: Parts<'_>,
    meters: Meters,
) -> Result<(Server, SocketAddr), ConfigError> {
    parts.reloads.watch(&verifier)?;
    let (source, tls) = signed::callers(parts.identity, parts.reloads)?;
    let gate = Gate { verifier, source, clock: parts.clock.clone() };
    let (listener, addr) = listen(wanted)?;
    let metrics = (parts.metrics.clone(), meters);
    let server = receive::server(listener, parts.capacity, (gate, tls), consumer, metrics)?;
    Ok((server, addr))
}
