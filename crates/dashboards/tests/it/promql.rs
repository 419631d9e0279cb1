//! Queries that ask for what does not exist.

use dashboards::check::recorded;
use dashboards::promql::check;

use crate::project;

fn why(query: &str) -> String {
    check(query, &recorded(&project()).0).expect_err(query)
}

fn labels(query: &str) -> Vec<String> {
    check(query, &recorded(&project()).0).expect(query).into_keys().collect()
}

#[test]
fn what_is_no_promql_is_refused() {
    why("sum(rate(users_registered_total[5m])");
}

#[test]
fn a_metric_that_nobody_exports_is_named() {
    assert_eq!(why("rate(invoice_charge_total[5m])"), "nothing exports invoice_charge_total");
    // A histogram has parts, and no series of its own name.
    assert!(why("http_server_request_duration_seconds").contains("nothing exports"));
    assert!(why(r#"{job="antaeus"}"#).contains("name the metric"));
}

#[test]
fn a_label_that_a_metric_has_not_is_named() {
    assert_eq!(why(r#"orders_total{status="placed"}"#), "orders_total has no label status");
    assert!(why("sum by (status) (orders_total)").contains("status"));
    assert!(why("sum by (state) (orders_total) / on (service) up").contains("service"));
}

#[test]
fn a_service_that_does_not_export_a_metric_is_named() {
    assert!(why(r#"orders_total{service="users"}"#).contains("never \"users\""));
    assert!(why(r#"orders_total{service=~"users|notifications"}"#).contains("service"));
    labels(r#"orders_total{service=~"users|orders"}"#);
}

#[test]
fn a_value_that_a_label_never_has_is_named() {
    assert!(why(r#"envoy_http_rbac{authz_enforce_result="refused"}"#).contains("never \"refused\""));
    assert!(why(r#"envoy_http_rbac{authz_enforce_result=~"allowed|refused"}"#).contains("never \"refused\""));
    labels(r#"envoy_http_rbac{authz_enforce_result=~"allowed|denied"}"#);
}

#[test]
fn a_label_that_was_taken_away_is_not_there_any_more() {
    assert_eq!(labels("sum by (state) (orders_total)"), ["state"]);
    assert!(labels("sum(orders_total)").is_empty());
    assert!(why("sum by (service) (sum by (state) (orders_total))").contains("service"));
    assert!(why("histogram_quantile(0.9, sum by (service) (rate(http_server_request_duration_seconds_bucket[5m])))")
        .contains("le"));
}

#[test]
fn what_is_absent_has_the_labels_that_it_was_asked_for_by() {
    assert_eq!(labels(r#"absent(up{service="users"})"#), ["service"]);
    assert!(labels(r#"absent(up{service="users"} == 1)"#).is_empty());
}

#[test]
fn what_rules_record_exists_with_the_labels_that_they_leave() {
    assert_eq!(labels("slo:budget:ratio"), ["slo"]);
    assert_eq!(labels("slo:burn_rate:1h"), ["service", "slo"]);
    why("slo:burn_rate:7h");
}
