//! What every `app.rs` puts together: rows, time, measures, keys that are read again, and the ports.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use db::{Db, FileLock, Migrations};

use crate::admin::{self, Health};
use crate::api_auth::ApiAuth;
use crate::database::DatabaseSettings;
use crate::guard::Guarded;
use crate::limits::{self, Capacity};
use crate::metrics::{self, Metrics};
use crate::public::PublicSettings;
use crate::reload::{Reloading, Reloads};
use crate::revocations::{Polling, Revocations};
use crate::routes::Routes;
use crate::server::{self, Shutdown, listen};
use crate::{Clock, ConfigError, telemetry, trace};

/// What every process of a service begins with.
pub struct Core {
    /// Rows.
    pub db: Db,
    /// Time.
    pub clock: Clock,
    /// Measures.
    pub metrics: Metrics,
    /// Keys and certificates that are read again.
    pub reloads: Reloads,
    /// Keeps a second process from the same SQLite file.
    pub lock: FileLock,
}

impl Core {
    /// Opens the rows, which must have the schema that this program knows.
    pub fn open(
        database: &DatabaseSettings,
        migrations: Migrations,
        clock: Clock,
    ) -> Result<Self, ConfigError> {
        let lock = FileLock::take(&database.url).map_err(|e| ConfigError::new(e.to_string()))?;
        let db = database.open(migrations)?;
        let metrics = Metrics::of(&db).map_err(ConfigError::internal)?;
        telemetry::measure(&metrics)?;
        let reloads = Reloads::new(&metrics, &clock)?;
        Ok(Self { db, clock, metrics, reloads, lock })
    }

    /// Binds the public port and the admin port. What is to be read again must be in `reloads` by now.
    pub fn listen<S: Send + Sync + 'static>(
        mut self,
        settings: PublicSettings,
        routes: fn() -> Routes,
        state: S,
    ) -> Result<Service, ConfigError> {
        settings.auth.watch(&mut self.reloads)?;
        let revoked = Revocations::load(&self.db, &self.metrics)?;
        let polling = revoked.poll(settings.revocations);
        let guarded = Guarded { auth: settings.auth, revoked, clock: self.clock };
        let (listener, addr) = listen(settings.server.listen)?;
        let (admin, admin_addr) = listen(settings.server.admin)?;
        let health = Health::new(self.db);
        let capacity = settings.server.capacity;
        let servers = vec![
            public(listener, capacity, guarded, state, self.metrics.clone(), routes)?,
            admin::server(admin, health.clone(), self.metrics.clone()).map_err(ConfigError::internal)?,
        ];
        Ok(Service {
            addr,
            admin_addr,
            servers,
            jobs: Vec::new(),
            health,
            drain: settings.server.drain,
            metrics: self.metrics,
            _background: (self.reloads.start(settings.reload)?, polling),
            _lock: self.lock,
        })
    }
}

/// What goes on beside the servers.
type Job = Box<dyn FnOnce(Shutdown) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// A service that listens and does not serve yet.
pub struct Service {
    /// Address of the public port.
    pub addr: SocketAddr,
    /// Address of the admin port.
    pub admin_addr: SocketAddr,
    /// Measures.
    pub metrics: Metrics,
    servers: Vec<Server>,
    jobs: Vec<Job>,
    health: Health,
    drain: Duration,
    _background: (Reloading, Polling),
    _lock: FileLock,
}

impl Service {
    /// A further port, served and stopped with the others.
    pub fn add(&mut self, server: Server) {
        self.servers.push(server);
    }

    /// What goes on until the stop is asked for, and is waited for then.
    pub fn spawn<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        job: impl FnOnce(Shutdown) -> F + Send + 'static,
    ) {
        self.jobs.push(Box::new(|shutdown| Box::pin(job(shutdown))));
    }

    /// Serves until SIGTERM.
    pub async fn serve(self, name: &str) -> Result<(), ConfigError> {
        tracing::info!(addr = %self.addr, admin = %self.admin_addr, "{name} is listening");
        self.run(Shutdown::on_signals()?).await;
        Ok(())
    }

    /// Serves until the stop is asked for.
    pub async fn run(self, shutdown: Shutdown) {
        let start = |job: Job| tokio::spawn(job(shutdown.clone()));
        let jobs: Vec<_> = self.jobs.into_iter().map(start).collect();
        server::run(self.servers, self.health, self.drain, shutdown).await;
        for job in jobs {
            let _ = job.await;
        }
    }
}

/// A public port: each endpoint behind the key that its route asks for.
pub fn public<S: Send + Sync + 'static>(
    listener: TcpListener,
    capacity: Capacity,
    guarded: Guarded,
    state: S,
    metrics: Metrics,
    routes: fn() -> Routes,
) -> Result<Server, ConfigError> {
    if matches!(guarded.auth, ApiAuth::Off { .. }) {
        tracing::warn!("AUTH=off: whoever reaches this address may use the public API");
    }
    let (guarded, state, metrics) = (web::Data::new(guarded), web::Data::new(state), web::Data::new(metrics));
    let app = move || {
        App::new()
            .app_data(guarded.clone())
            .app_data(state.clone())
            .app_data(metrics.clone())
            .wrap(from_fn(metrics::middleware))
            .wrap(from_fn(trace::middleware))
            .configure(|config| routes().configure(config))
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
