//! Grafana dashboards from readable files, and a check that every query asks for what exists. A tool for whoever changes
//! them: no service links it.

pub mod check;
pub mod grafana;
pub mod metric;
pub mod project;
pub mod promql;
pub mod query;
pub mod rule;
pub mod source;
