//! Every URL of notifications.

use gate::token::Scope;
use service::routes::{Access, Routes};
use utoipa::OpenApi;

use crate::handlers::notifications;

const OWN_NOTIFICATIONS: Access = Access::Own(Scope::NotificationsRead);

/// The public API.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .at("/v1/notifications", |at| at.get(OWN_NOTIFICATIONS, notifications::list_notifications))
        .at("/v1/notifications/{id}", |at| at.get(OWN_NOTIFICATIONS, notifications::get_notification))
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Notifications"),
    paths(notifications::list_notifications, notifications::get_notification)
)]
struct Document;

/// The OpenAPI document of the `/v1` API.
#[must_use]
pub fn openapi() -> String {
    Document::openapi().to_pretty_json().unwrap_or_default()
}
