//! Puts invoice-app together and runs it.

mod engine;
mod worker;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as Actix, HttpServer, web};
use events::app::Job;
use events::{Events, Parts, Relay};
use service::admin::{self, Health};
use service::api_auth::ApiAuth;
use service::guard::Guarded;
use service::limits::{self, Capacity};
use service::metrics::{self, Metrics};
use service::reload::Reloading;
use service::revocations::{Polling, Revocations};
use service::server::{Shutdown, Trigger, listen};
use service::{Clock, ConfigError, Vars, run, trace};

use crate::clients::provider_health::ProviderHealth;
use crate::flows::reconcile::Reconciling;
use crate::handlers::events::Hearing;
use crate::handlers::state::State;
use crate::jobs::billing::Billing;
use crate::jobs::gauges::Gauges;
use crate::jobs::reconciliation::Reconciliation;
use crate::jobs::schedule::Scheduler;
use crate::routes;
use crate::settings::Settings;
use engine::Engine;

pub use worker::{Worker, work};

/// invoice-app, listening but not yet serving.
pub struct App {
    addr: SocketAddr,
    admin_addr: SocketAddr,
    servers: Vec<Server>,
    events_addr: Option<SocketAddr>,
    metrics: Metrics,
    jobs: Jobs,
    health: Health,
    drain: Duration,
    /// Pulled when the stop is asked for: streams that would go on end.
    closing: Trigger,
    _background: (Reloading, Polling),
    _lock: db::FileLock,
}

/// What goes on without being asked.
struct Jobs {
    billing: Billing,
    scheduler: Option<Scheduler>,
    reconciliation: Reconciliation,
    gauges: Gauges,
    relay: Option<Relay>,
    hearing: Option<Job>,
}

/// The role `serve`.
pub async fn serve(vars: Vars) -> Result<(), ConfigError> {
    run::logging(&vars, "invoice-app")?;
    let app = App::build(Settings::read(&vars)?, Clock::system())?;
    tracing::info!(addr = %app.addr, admin = %app.admin_addr, events = ?app.events_addr, "invoice-app is listening");
    app.run(Shutdown::on_signals()?).await;
    Ok(())
}

impl App {
    /// Checks everything and binds the ports; needs a running tokio.
    pub fn build(mut settings: Settings, clock: Clock) -> Result<Self, ConfigError> {
        let billing = &mut settings.engine.billing;
        let (schedule, max_rounds, every) = (billing.schedule.take(), billing.max_rounds, billing.reconcile);
        let reload = settings.engine.reload;
        let mut engine = Engine::build(settings.engine, clock)?;
        settings.auth.watch(&mut engine.reloads)?;
        let (closing, streams) = Shutdown::manual();
        let reconciling = reconciling(&engine);
        let reconciliation =
            Reconciliation::new(reconciling.clone(), engine.clock.clone(), every, &engine.metrics)?;
        let gauges = Gauges::new(&engine.db, &engine.clock, &engine.metrics)?;
        let scheduler = schedule.map(|schedule| Scheduler {
            db: engine.db.clone(),
            clock: engine.clock.clone(),
            schedule,
            policy: Arc::clone(&engine.charging.policy),
            wake: Arc::clone(&engine.wake),
        });
        let hearing = Hearing {
            db: engine.db.clone(),
            clock: engine.clock.clone(),
            provider: Arc::clone(&engine.charging.provider),
            tells: engine.charging.tells,
            ordered: Arc::clone(&engine.charging.ordered),
            told: Arc::clone(&engine.charging.told),
        };
        let parts = Parts {
            db: &engine.db,
            clock: &engine.clock,
            metrics: &engine.metrics,
            reloads: &mut engine.reloads,
            identity: &settings.identity,
            capacity: settings.server.capacity,
            wake: Arc::clone(&engine.charging.told),
        };
        let events = Events::build(settings.events, hearing, parts)?;
        let state = State {
            tells: engine.charging.tells,
            told: Arc::clone(&engine.charging.told),
            db: engine.db.clone(),
            clock: engine.clock.clone(),
            wake: engine.wake,
            provider: ProviderHealth::new(Arc::clone(&engine.charging.provider), engine.clock.clone()),
            max_rounds,
            policy: Arc::clone(&engine.charging.policy),
            reconciling,
            closing: streams,
        };
        let revoked = Revocations::load(&engine.db, &engine.metrics)?;
        let polling = revoked.poll(settings.revocations);
        let guarded = Guarded { auth: settings.auth, revoked, clock: engine.clock };
        let (listener, addr) = listen(settings.server.listen)?;
        let (admin, admin_addr) = listen(settings.server.admin)?;
        let health = Health::new(engine.db);
        let mut servers = vec![
            public(listener, settings.server.capacity, guarded, state, engine.metrics.clone())?,
            admin::server(admin, health.clone(), engine.metrics.clone()).map_err(ConfigError::internal)?,
        ];
        servers.extend(events.server);
        Ok(Self {
            addr,
            admin_addr,
            events_addr: events.addr,
            servers,
            metrics: engine.metrics,
            jobs: Jobs {
                billing: engine.billing,
                scheduler,
                reconciliation,
                gauges,
                relay: events.relay,
                hearing: events.hearing,
            },
            health,
            drain: settings.server.drain,
            closing,
            _background: (engine.reloads.start(reload)?, polling),
            _lock: engine.lock,
        })
    }

    /// What is measured.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Address of the public port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Address of the admin port.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Address on which events are received, if they are.
    #[must_use]
    pub fn events_addr(&self) -> Option<SocketAddr> {
        self.events_addr
    }

    /// Serves and bills until the stop is asked for; what is in flight is settled first.
    pub async fn run(self, shutdown: Shutdown) {
        // Requests in flight may wait for a round: billing goes on until the last of them has its answer.
        let (requests_are_done, stop_billing) = Shutdown::manual();
        // What billing settles last is still told, if that takes no longer than one look.
        let (billing_is_done, stop_telling) = Shutdown::manual();
        let relay = self.jobs.relay.map(|relay| tokio::spawn(relay.run(stop_telling)));
        let hearing = self.jobs.hearing.map(|hearing| tokio::spawn(hearing(shutdown.clone())));
        let billing = tokio::spawn(self.jobs.billing.run(stop_billing));
        let reconciliation = tokio::spawn(self.jobs.reconciliation.run(shutdown.clone()));
        let gauges = tokio::spawn(self.jobs.gauges.run(shutdown.clone()));
        let scheduler = self.jobs.scheduler.map(|scheduler| tokio::spawn(scheduler.run(shutdown.clone())));
        let (closing, mut asked) = (self.closing, shutdown.clone());
        tokio::spawn(async move {
            asked.asked().await;
            closing.pull();
        });
        service::server::run(self.servers, self.health, self.drain, shutdown).await;
        if let Some(hearing) = hearing {
            let _ = hearing.await;
        }
        requests_are_done.pull();
        let _ = (billing.await, reconciliation.await, gauges.await);
        if let Some(scheduler) = scheduler {
            let _ = scheduler.await;
        }
        billing_is_done.pull();
        if let Some(relay) = relay {
            let _ = relay.await;
        }
    }
}

/// What is younger than two leases may still be on its way to our rows.
fn reconciling(engine: &Engine) -> Reconciling {
    let (db, provider) = (engine.db.clone(), Arc::clone(&engine.charging.provider));
    let (settling, tells) = (2 * engine.charging.lease_micros(), engine.charging.tells);
    Reconciling { db, provider, settling, tells }
}

fn public(
    listener: TcpListener,
    capacity: Capacity,
    guarded: Guarded,
    state: State,
    metrics: Metrics,
) -> Result<Server, ConfigError> {
    if matches!(guarded.auth, ApiAuth::Off { .. }) {
        tracing::warn!("AUTH=off: whoever reaches this address may use the public API");
    }
    let (guarded, state, metrics) = (web::Data::new(guarded), web::Data::new(state), web::Data::new(metrics));
    let app = move || {
        Actix::new()
            .app_data(guarded.clone())
            .app_data(state.clone())
            .app_data(metrics.clone())
            .wrap(from_fn(metrics::middleware))
            .wrap(from_fn(trace::middleware))
            .configure(|config| routes::routes().configure(config))
    };
    let server = HttpServer::new(app)
        .workers(capacity.workers)
        .max_connections(capacity.connections)
        .client_request_timeout(limits::HEAD_TIME)
        .keep_alive(limits::KEEP_ALIVE)
        .disable_signals()
        .listen(listener);
    Ok(server.map_err(ConfigError::internal)?.run())
}
