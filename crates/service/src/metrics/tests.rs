use super::*;

#[test]
fn a_label_that_is_not_declared_is_refused() {
    let metrics = Metrics::new().unwrap();
    let refused = metrics.counter("some_total", "Something.", &["user"]).unwrap_err().to_string();
    assert!(refused.contains("user") && refused.contains("not declared"), "{refused}");
    // What is declared for one metric is not for another.
    assert!(metrics.gauge("some_gauge", "Something.", &["outcome"]).is_err());
    assert!(!metrics.text().contains("some_"), "nothing of it was registered");
    assert!(metrics.described().iter().all(|one| !one.name.starts_with("some_")));
}

#[test]
fn whatever_is_shown_is_described_with_its_type_and_help() {
    let metrics = Metrics::new().unwrap();
    metrics.calls("users").unwrap();
    let described = metrics.described();
    let families = metrics.registry.gather();
    for family in &families {
        let one = described.iter().find(|one| one.name == family.name()).unwrap();
        assert_eq!(
            format!("{:?}", family.get_field_type()).to_lowercase(),
            one.kind.as_str(),
            "{}",
            one.name
        );
    }
    // A histogram with labels is there with its first request.
    assert_eq!(families.len() + 1, described.len(), "{families:?}");
}

#[test]
fn series_whose_values_are_all_known_begin_at_0() {
    let metrics = Metrics::new().unwrap();
    metrics.counter("notifications_total", "E-mails.", &["outcome"]).unwrap();
    metrics.counter("events_consumed_total", "Events.", &["kind", "outcome"]).unwrap();
    metrics.gauge("reconciliation_differences", "Differences.", &["kind", "standing"]).unwrap();
    let text = metrics.text();
    let series = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!((series("notifications_total{"), series("events_consumed_total{")), (3, 0));
    assert_eq!(series("reconciliation_differences{"), 18);
    assert_eq!(series("auth_refusals_total{"), Refusal::ALL.len());
}

#[test]
fn no_value_is_allowed_but_those_that_are_declared() {
    let allows = |label, value| labels::values("", label).unwrap().allows(value, &["/v1/users/{id}"]);
    assert!(allows("http_route", "/v1/users/{id}") && allows("http_route", "unmatched"));
    assert!(
        allows("currency", "EUR") && allows("http_response_status_code", "404") && allows("version", "0.1.0")
    );
    for (label, value) in [
        ("http_route", "/v1/users/1"),
        ("currency", "EURO"),
        ("currency", "XXX"),
        ("http_response_status_code", "600"),
        ("http_response_status_code", "4040"),
        ("version", "latest"),
        ("http_request_method", "BREW"),
    ] {
        assert!(!allows(label, value), "{label}={value}");
    }
}
