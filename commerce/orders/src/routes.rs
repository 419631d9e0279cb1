//! Every URL of orders.

use gate::token::Scope;
use service::routes::{Access, Routes};
use utoipa::OpenApi;

use crate::handlers::orders;

const OWN_ORDERS: Access = Access::Own(Scope::OrdersRead);
const WRITE_OWN_ORDERS: Access = Access::Own(Scope::OrdersWrite);

/// The public API.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .at("/v1/orders", |at| {
            at.get(OWN_ORDERS, orders::list_orders).post(WRITE_OWN_ORDERS, orders::place_order)
        })
        .at("/v1/orders/{id}", |at| at.get(OWN_ORDERS, orders::get_order))
        .at("/v1/orders/{id}/cancel", |at| at.post(WRITE_OWN_ORDERS, orders::cancel_order))
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Orders"),
    paths(orders::place_order, orders::list_orders, orders::get_order, orders::cancel_order)
)]
struct Document;

/// The OpenAPI document of the `/v1` API.
#[must_use]
pub fn openapi() -> String {
    Document::openapi().to_pretty_json().unwrap_or_default()
}
