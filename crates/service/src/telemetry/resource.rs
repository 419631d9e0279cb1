//! Who it is that traces and logs come from.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

/// This process: a service of a name, which is another one each time that it is started. What the settings say comes
/// last and wins.
pub(super) fn of(name: &'static str, attributes: Vec<(String, String)>) -> Resource {
    let known = [
        KeyValue::new("service.name", name),
        KeyValue::new("service.namespace", "antaeus"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", uuid::Uuid::now_v7().to_string()),
        KeyValue::new("telemetry.sdk.language", "rust"),
        KeyValue::new("telemetry.sdk.name", "opentelemetry"),
        KeyValue::new("telemetry.sdk.version", "0.33"),
    ];
    let given = attributes.into_iter().map(|(name, value)| KeyValue::new(name, value));
    Resource::builder_empty().with_attributes(known).with_attributes(given).build()
}

#[cfg(test)]
mod tests {
    use opentelemetry::Key;

    #[test]
    fn what_is_said_from_outside_wins() {
        let resource = super::of("users", vec![("service.namespace".into(), "shop".into())]);
        let get = |name: &'static str| resource.get(&Key::new(name)).map(|value| value.to_string());
        assert_eq!(get("service.name").as_deref(), Some("users"));
        assert_eq!(get("service.namespace").as_deref(), Some("shop"));
    }
}
