//! Health for older clients; probes of the platform are on the admin port.

use actix_web::{HttpResponse, web};

use super::state::State;

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
