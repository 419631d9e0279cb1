//! Health for older clients; probes of the platform are on the admin port.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use service::Clock;
use service::clock::{Micros, SECOND};
use tokio::sync::Mutex;

use super::state::State;
use crate::flows::charge_due::Charging;

/// Whether the provider answers us, asked at most once a second however often we are asked.
pub struct ProviderHealth {
    charging: Arc<Charging>,
    clock: Clock,
    /// When it was asked last, and what it said. Held by one asker at a time.
    last: Mutex<Option<(Micros, bool)>>,
}

impl ProviderHealth {
    /// Nothing asked yet.
    #[must_use]
    pub fn new(charging: Arc<Charging>, clock: Clock) -> Self {
        Self { charging, clock, last: Mutex::default() }
    }

    async fn is_healthy(&self) -> bool {
        let mut last = self.last.lock().await;
        let now = self.clock.now();
        match *last {
            Some((at, healthy)) if now - at < SECOND => healthy,
            _ => {
                let healthy = self.charging.provider.is_healthy().await.is_ok();
                *last = Some((now, healthy));
                healthy
            }
        }
    }
}

/// `GET /rest/health`: a JSON string.
pub async fn own() -> HttpResponse {
    HttpResponse::Ok().json("ok")
}

/// `GET /pp/rest/health`: the provider's health by our own question; nothing is routed through.
pub async fn of_provider(state: web::Data<State>) -> HttpResponse {
    if state.provider.is_healthy().await {
        HttpResponse::Ok().content_type("text/plain").body("ok")
    } else {
        HttpResponse::ServiceUnavailable()
            .content_type("text/plain")
            .body("the payment provider does not answer")
    }
}
