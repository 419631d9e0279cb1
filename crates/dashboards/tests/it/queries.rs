//! The list of queries, as a Prometheus is asked them.

use dashboards::query::all;

use crate::project;

#[test]
fn no_query_has_a_variable_left() {
    for query in all(&project()) {
        assert!(!query.expr.contains('$'), "{} {}: {}", query.file, query.name, query.expr);
    }
}

#[test]
fn every_dashboard_and_every_file_of_rules_is_in_the_list() {
    let (project, listed) = (project(), all(&project()));
    let names =
        project.dashboards.iter().map(|one| &one.name).chain(project.rules.iter().map(|one| &one.name));
    for name in names {
        assert!(listed.iter().any(|query| query.file == *name), "{name}");
    }
}

#[test]
fn only_queries_about_the_mesh_ask_for_the_meshs_metrics() {
    for query in all(&project()) {
        let asks = query.expr.contains("envoy_") || query.expr.contains("istio_");
        assert_eq!(asks, query.mesh, "{} {}", query.file, query.name);
    }
}
