//! The role `worker`: charges, and has no public API.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::Server;
use service::admin::{self, Health};
use service::metrics::Metrics;
use service::reload::Reloading;
use service::server::{Shutdown, listen};
use service::{Clock, ConfigError, Vars, run};

use super::engine::Engine;
use crate::jobs::billing::Billing;
use crate::jobs::hints::TakingWork;
use crate::settings::WorkerSettings;

/// A worker, ready to charge.
pub struct Worker {
    admin_addr: SocketAddr,
    metrics: Metrics,
    admin: Server,
    work: Work,
    health: Health,
    drain: Duration,
    _background: Reloading,
    _lock: db::FileLock,
}

/// Where work comes from.
enum Work {
    /// From the rows.
    Found(Billing),
    /// From the broker.
    HandedOut(TakingWork),
}

/// Runs the role.
pub async fn work(vars: Vars) -> Result<(), ConfigError> {
    run::logging(&vars, "invoice-app-worker")?;
    let worker = Worker::build(WorkerSettings::read(&vars)?, Clock::system())?;
    tracing::info!(admin = %worker.admin_addr, "worker is charging");
    worker.run(Shutdown::on_signals()?).await;
    Ok(())
}

impl Worker {
    /// Checks everything and binds the admin port; needs a running tokio.
    pub fn build(settings: WorkerSettings, clock: Clock) -> Result<Self, ConfigError> {
        let reload = settings.engine.reload;
        let engine = Engine::build(settings.engine, clock)?;
        let (listener, admin_addr) = listen(settings.admin)?;
        let health = Health::new(engine.db.clone());
        let admin = admin::server(listener, health.clone(), engine.metrics.clone());
        let admin = admin.map_err(ConfigError::internal)?;
        let background = engine.reloads.start(reload)?;
        Ok(Self {
            admin_addr,
            metrics: engine.metrics,
            admin,
            work: engine.taking.map_or(Work::Found(engine.billing), Work::HandedOut),
            health,
            drain: settings.drain,
            _background: background,
            _lock: engine.lock,
        })
    }

    /// What is measured.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Charges until the stop is asked for; what is in flight is settled first.
    pub async fn run(self, shutdown: Shutdown) {
        let stop = shutdown.clone();
        let work = match self.work {
            Work::Found(billing) => tokio::spawn(billing.run(stop)),
            Work::HandedOut(taking) => tokio::spawn(taking.run(stop)),
        };
        service::server::run(vec![self.admin], self.health, self.drain, shutdown).await;
        let _ = work.await;
    }
}
