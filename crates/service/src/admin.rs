//! The admin port: probes and metrics, never behind the gateway.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::{App, HttpResponse, HttpServer, web};
use db::Db;
use diesel::prelude::*;

use crate::metrics::Metrics;

/// Longest time that a readiness question may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the service can do its work now.
#[derive(Clone)]
pub struct Health {
    ready: Arc<AtomicBool>,
    db: Db,
}

impl Health {
    /// Not ready until told otherwise.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self { ready: Arc::default(), db }
    }

    /// Says whether requests should be sent here.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::SeqCst);
    }

    /// Ready, and the database answers.
    pub async fn is_ready(&self) -> bool {
        if !self.ready.load(Ordering::SeqCst) {
            return false;
        }
        let ask = self.db.read(|conn| Ok(diesel::sql_query("SELECT 1").execute(conn)?));
        matches!(tokio::time::timeout(PATIENCE, ask).await, Ok(Ok(_)))
    }
}

/// Serves `/livez`, `/startupz`, `/readyz` and `/metrics`.
pub fn server(listener: TcpListener, health: Health, metrics: Metrics) -> std::io::Result<Server> {
    let (health, metrics) = (web::Data::new(health), web::Data::new(metrics));
    let app = move || {
        App::new()
            .app_data(health.clone())
            .app_data(metrics.clone())
            .route("/livez", web::get().to(async || "ok"))
            .route("/startupz", web::get().to(async || "ok"))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(text))
    };
    Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
}

async fn readyz(health: web::Data<Health>) -> HttpResponse {
    if health.is_ready().await {
        HttpResponse::Ok().body("ok")
    } else {
        HttpResponse::ServiceUnavailable().body("not ready: stopping, or the database does not answer")
    }
}

async fn text(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(metrics.text())
}
