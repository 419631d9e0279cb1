//! The checked-in OpenAPI documents are those of the code, and name every `/v1` endpoint.

use serde_json::Value;

fn checked_in(path: &str) -> String {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_default()
}

#[test]
fn the_checked_in_documents_are_up_to_date() {
    for (path, now, command) in [
        ("invoice-app/openapi.json", invoice_app::routes::openapi(), "invoice-app"),
        ("payment-provider/openapi.json", payment_provider::routes::openapi(), "payment-provider"),
        ("commerce/users/openapi.json", users::routes::openapi(), "users"),
        ("commerce/orders/openapi.json", orders::routes::openapi(), "orders"),
        ("commerce/notifications/openapi.json", notifications::routes::openapi(), "notifications"),
    ] {
        let same = checked_in(path).trim() == now.trim();
        assert!(same, "{path} is old: cargo run --bin {command} -- openapi > {path}");
    }
}

#[test]
fn every_v1_endpoint_is_described() {
    for (document, routes) in [
        (invoice_app::routes::openapi(), invoice_app::routes::routes()),
        (users::routes::openapi(), users::routes::routes()),
        (orders::routes::openapi(), orders::routes::routes()),
        (notifications::routes::openapi(), notifications::routes::routes()),
    ] {
        let document: Value = serde_json::from_str(&document).unwrap();
        for endpoint in routes.endpoints().iter().filter(|endpoint| endpoint.path.starts_with("/v1/")) {
            let method = endpoint.method.as_str().to_lowercase();
            assert!(document["paths"][endpoint.path][&method].is_object(), "{method} {}", endpoint.path);
        }
    }
}
