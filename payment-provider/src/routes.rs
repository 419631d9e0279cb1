//! Every URL of the payment provider.

use contracts::charge::{CHARGES_PATH, HEALTH_PATH};
use gate::token::Scope;
use service::routes::{Access, Routes};
use utoipa::OpenApi;

use crate::handlers::{charges, compat};

/// The business port: behind the gate, without exception.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .at(CHARGES_PATH, |at| at.post(Access::Gate, charges::charge_batch))
        .at(HEALTH_PATH, |at| at.get(Access::Gate, charges::health))
}

/// The older paths, on a port of their own.
#[must_use]
pub fn compat_routes() -> Routes {
    let key = Access::Key(Scope::ChargeCompat);
    Routes::new()
        .at("/", |at| at.post(key, compat::charge))
        .at("/pp/rest/v1/charge", |at| at.post(key, compat::charge))
        .at("/payments/pay", |at| at.post(key, compat::pay))
        .at(HEALTH_PATH, |at| at.get(Access::Public, charges::health))
}

#[derive(OpenApi)]
#[openapi(info(title = "Payment provider"), paths(charges::charge_batch))]
struct Document;

/// The OpenAPI document of the charge API.
#[must_use]
pub fn openapi() -> String {
    Document::openapi().to_pretty_json().unwrap_or_default()
}
