//! Puts the payment provider together and runs it.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App as Actix, HttpServer, web};
use gate::token::charge::ChargeVerifier;
use rustls::ServerConfig;
use service::admin::{self, Health};
use service::app::Core;
use service::guard::Guarded;
use service::limits::{self, Capacity};
use service::metrics::{self, Metrics};
use service::peer;
use service::reload::Reloading;
use service::revocations::{Polling, Revocations};
use service::server::{Shutdown, listen};
use service::signed::{self, Gate};
use service::{Clock, ConfigError, Vars, run, trace};

use crate::handlers::state::{Counts, State};
use crate::routes;
use crate::settings::Settings;
use crate::store::MIGRATIONS;

/// The payment provider, listening but not yet serving.
pub struct App {
    addr: SocketAddr,
    admin_addr: SocketAddr,
    compat_addr: Option<SocketAddr>,
    metrics: Metrics,
    servers: Vec<Server>,
    health: Health,
    drain: Duration,
    _background: (Reloading, Option<Polling>),
    _lock: db::FileLock,
}

/// The role `serve`.
pub async fn serve(vars: Vars) -> Result<(), ConfigError> {
    run::logging(&vars, "payment-provider")?;
    let app = App::build(Settings::read(&vars)?, Clock::system())?;
    tracing::info!(addr = %app.addr, admin = %app.admin_addr, compat = ?app.compat_addr, "payment-provider is listening");
    app.run(Shutdown::on_signals()?).await;
    Ok(())
}

impl App {
    /// Checks everything and binds the ports; needs a running tokio.
    pub fn build(settings: Settings, clock: Clock) -> Result<Self, ConfigError> {
        let Core { db, clock, metrics, mut reloads, lock } =
            Core::open(&settings.database, MIGRATIONS, clock)?;
        let state = web::Data::new(State {
            db: db.clone(),
            clock: clock.clone(),
            acquirer: settings.acquirer,
            counts: Counts::new(&metrics)?,
        });
        reloads.watch(&settings.verifier)?;
        let (source, tls) = signed::callers(&settings.identity, &mut reloads)?;
        let gate = Gate { verifier: settings.verifier, source, clock: clock.clone() };
        let (listener, addr) = listen(settings.server.listen)?;
        let (admin, admin_addr) = listen(settings.server.admin)?;
        let health = Health::new(db);
        let capacity = settings.server.capacity;
        let mut servers = vec![
            business(listener, capacity, tls, web::Data::new(gate), state.clone(), metrics.clone())?,
            admin::server(admin, health.clone(), metrics.clone()).map_err(ConfigError::internal)?,
        ];
        let (mut compat_addr, mut polling) = (None, None);
        if let Some(compat) = settings.compat {
            compat.auth.watch(&mut reloads)?;
            let (listener, addr) = listen(compat.listen)?;
            let revoked = Revocations::load(&state.db, &metrics)?;
            polling = Some(revoked.poll(compat.revocations));
            let guarded = Guarded { auth: compat.auth, revoked, clock };
            servers.push(self::compat(listener, guarded, state, metrics.clone())?);
            compat_addr = Some(addr);
        }
        let (drain, reloading) = (settings.server.drain, reloads.start(settings.reload)?);
        Ok(Self {
            addr,
            admin_addr,
            compat_addr,
            metrics,
            servers,
            health,
            drain,
            _background: (reloading, polling),
            _lock: lock,
        })
    }

    /// What is measured.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Address of the business port.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Address of the admin port.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Address of the older paths, where they are served.
    #[must_use]
    pub fn compat_addr(&self) -> Option<SocketAddr> {
        self.compat_addr
    }

    /// Serves until the stop is asked for.
    pub async fn run(self, shutdown: Shutdown) {
        service::server::run(self.servers, self.health, self.drain, shutdown).await;
    }
}

fn business(
    listener: TcpListener,
    capacity: Capacity,
    tls: Option<ServerConfig>,
    gate: web::Data<Gate<ChargeVerifier>>,
    state: web::Data<State>,
    metrics: Metrics,
) -> Result<Server, ConfigError> {
    let metrics = web::Data::new(metrics);
    let app = move || {
        Actix::new()
            .app_data(gate.clone())
            .app_data(state.clone())
            .app_data(metrics.clone())
            .wrap(from_fn(signed::middleware::<ChargeVerifier, _>))
            .wrap(from_fn(metrics::middleware))
            .wrap(from_fn(trace::middleware))
            .configure(|config| routes::routes().configure(config))
    };
    let server = HttpServer::new(app)
        .workers(capacity.workers)
        .max_connections(capacity.connections)
        .tls_handshake_timeout(limits::HANDSHAKE_TIME)
        .client_request_timeout(limits::HEAD_TIME)
        .keep_alive(limits::KEEP_ALIVE)
        .disable_signals()
        .on_connect(peer::on_connect);
    let server = match tls {
        Some(config) => server.listen_rustls_0_23(listener, config),
        None => server.listen(listener),
    };
    Ok(server.map_err(ConfigError::internal)?.run())
}

fn compat(
    listener: TcpListener,
    guarded: Guarded,
    state: web::Data<State>,
    metrics: Metrics,
) -> Result<Server, ConfigError> {
    let (guarded, metrics) = (web::Data::new(guarded), web::Data::new(metrics));
    let app = move || {
        Actix::new()
            .app_data(guarded.clone())
            .app_data(state.clone())
            .app_data(metrics.clone())
            .wrap(from_fn(metrics::middleware))
            .wrap(from_fn(trace::middleware))
            .configure(|config| routes::compat_routes().configure(config))
    };
    let server = HttpServer::new(app).workers(1).client_request_timeout(limits::HEAD_TIME);
    let server = server.disable_signals().listen(listener);
    Ok(server.map_err(ConfigError::internal)?.run())
}
