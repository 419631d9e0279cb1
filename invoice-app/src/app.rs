//! Puts invoice-app together and runs it.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as Actix, HttpServer, web};
use service::admin::{self, Health};
use service::api_auth::ApiAuth;
use service::clock::Micros;
use service::guard::Guarded;
use service::limits::{self, Capacity};
use service::metrics::{self, Metrics};
use service::reload::{Reloading, Reloads};
use service::revocations::{Polling, Revocations};
use service::server::{Shutdown, listen};
use service::{Clock, ConfigError, Vars, run, trace};
use tokio::sync::Notify;

use crate::clients::provider::{Access, Provider};
use crate::clients::provider_health::ProviderHealth;
use crate::domain::settle::Policy;
use crate::flows::charge_due::Charging;
use crate::handlers::state::State;
use crate::jobs::billing::Billing;
use crate::routes;
use crate::settings::{BillingSettings, ProviderSettings, Settings};
use crate::store::MIGRATIONS;

/// A claim holds for this many times the longest wait for the provider.
const LEASE_IN_TIMEOUTS: u32 = 3;

/// invoice-app, listening but not yet serving.
pub struct App {
    addr: SocketAddr,
    admin_addr: SocketAddr,
    servers: Vec<Server>,
    billing: Billing,
    health: Health,
    drain: Duration,
    _background: (Reloading, Polling),
    _lock: db::FileLock,
}

/// The role `serve`.
pub async fn serve(vars: Vars) -> Result<(), ConfigError> {
    run::logging(&vars)?;
    let app = App::build(Settings::read(&vars)?, Clock::system())?;
    tracing::info!(addr = %app.addr, admin = %app.admin_addr, "invoice-app is listening");
    app.run(Shutdown::on_signals()?).await;
    Ok(())
}

impl App {
    /// Checks everything and binds the ports; needs a running tokio.
    pub fn build(settings: Settings, clock: Clock) -> Result<Self, ConfigError> {
        let lock = db::FileLock::take(&settings.database.url).map_err(|e| ConfigError::new(e.to_string()))?;
        let db = settings.database.open(MIGRATIONS)?;
        let metrics = Metrics::new().map_err(ConfigError::internal)?;
        let mut reloads = Reloads::new(&metrics, &clock)?;
        settings.provider.watch(&mut reloads)?;
        settings.auth.watch(&mut reloads)?;
        let charging = Arc::new(charging(&db, settings.provider, settings.billing, &clock, &metrics)?);
        let wake = Arc::new(Notify::new());
        let billing = Billing::new(Arc::clone(&charging), settings.billing.in_flight, Arc::clone(&wake));
        let provider = ProviderHealth::new(Arc::clone(&charging.provider), clock.clone());
        let max_rounds = settings.billing.max_rounds;
        let state = State { db: db.clone(), clock: clock.clone(), wake, provider, max_rounds };
        let revoked = Revocations::load(&db, &metrics)?;
        let polling = revoked.poll(settings.revocations);
        let guarded = Guarded { auth: settings.auth, revoked, clock };
        let (listener, addr) = listen(settings.server.listen)?;
        let (admin, admin_addr) = listen(settings.server.admin)?;
        let health = Health::new(db);
        let servers = vec![
            public(listener, settings.server.capacity, guarded, state, metrics.clone())?,
            admin::server(admin, health.clone(), metrics).map_err(ConfigError::internal)?,
        ];
        let (drain, reloading) = (settings.server.drain, reloads.start(settings.reload)?);
        Ok(Self {
            addr,
            admin_addr,
            servers,
            billing,
            health,
            drain,
            _background: (reloading, polling),
            _lock: lock,
        })
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

    /// Serves and bills until the stop is asked for; what is in flight is settled first.
    pub async fn run(self, shutdown: Shutdown) {
        // Requests in flight may wait for a round: billing goes on until the last of them has its answer.
        let (requests_are_done, stop_billing) = Shutdown::manual();
        let billing = tokio::spawn(self.billing.run(stop_billing));
        service::server::run(self.servers, self.health, self.drain, shutdown).await;
        requests_are_done.pull();
        let _ = billing.await;
    }
}

fn charging(
    db: &db::Db,
    provider: ProviderSettings,
    billing: BillingSettings,
    clock: &Clock,
    metrics: &Metrics,
) -> Result<Charging, ConfigError> {
    let ProviderSettings { access, timeout } = provider;
    if matches!(access, Access::Legacy { .. }) {
        tracing::warn!(
            "PAYMENT_PROVIDER_ENDPOINT names a legacy provider, which is asked for one charge at a time: the guarantees \
             of batches are off, and only an Idempotency-Key that it honours makes it safe to repeat a charge"
        );
    }
    let counter =
        metrics.counter("invoice_charges_total", "Attempts that were settled, by outcome.", &["outcome"]);
    let provider = Provider::new(access, clock.clone());
    let unknown = Micros::try_from(billing.unknown.as_micros()).unwrap_or(Micros::MAX);
    Ok(Charging {
        db: db.clone(),
        batch: provider.per_claim(billing.batch),
        provider: Arc::new(provider),
        clock: clock.clone(),
        policy: Policy::standard(unknown),
        lease: timeout * LEASE_IN_TIMEOUTS,
        charges: counter.map_err(ConfigError::internal)?,
    })
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
