//! What a dashboard or a rule must have: a finding is one line that names the place.

mod alert;
mod panel;
mod tested;

use std::collections::BTreeSet;
use std::path::Path;

use crate::metric::{Labels, Metrics};
use crate::project::{Project, files};
use crate::{grafana, project, promql, query};

pub use alert::addressed;

/// Where the runbooks are.
const RUNBOOKS: &str = "docs/runbooks";

/// Everything that is wrong.
///
/// # Errors
/// When files cannot be read.
pub fn all(project: &Project, root: &Path) -> Result<Vec<String>, String> {
    let (metrics, mut findings) = recorded(project);
    findings.extend(panel::findings(project, &metrics));
    findings.extend(alert::findings(project, &metrics));
    findings.extend(tested::findings(project));
    findings.extend(runbooks(project, root)?);
    findings.extend(old(project, root)?);
    Ok(findings)
}

/// The metrics, and the series that rules record of them. A rule may use what a later one records.
#[must_use]
pub fn recorded(project: &Project) -> (Metrics, Vec<String>) {
    let rules = project.rules.iter().flat_map(|file| file.value.all()).filter(|rule| rule.record.is_some());
    let rules: Vec<_> = rules.collect();
    let mut metrics = project.metrics.clone();
    loop {
        let (before, mut findings) = (metrics.clone(), Vec::new());
        for rule in &rules {
            match promql::check(&rule.expr, &metrics) {
                Ok(labels) => {
                    metrics.know_recorded(rule.name(), labels.into_keys().chain(rule.labels.keys().cloned()));
                }
                Err(why) => findings.push(format!("{}: {why}", rule.name())),
            }
        }
        if metrics == before {
            return (metrics, findings);
        }
    }
}

/// What a text names after `before`, in double braces, and is not there.
fn unknown_labels<'a>(text: &'a str, before: &str, there: &'a Labels) -> Vec<&'a str> {
    let word =
        |rest: &'a str| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or(rest);
    text.split(before).skip(1).map(word).filter(|label| !there.contains_key(*label)).collect()
}

/// Each one that is named is there, and each one that is there is named.
fn runbooks(project: &Project, root: &Path) -> Result<Vec<String>, String> {
    let name =
        |path: std::path::PathBuf| format!("{RUNBOOKS}/{}", path.file_name().unwrap_or_default().display());
    let there: BTreeSet<String> = files(&root.join(RUNBOOKS), "md")?.into_iter().map(name).collect();
    let of_panels = project.dashboards.iter().flat_map(|dashboard| dashboard.value.panels());
    let of_panels = of_panels.filter_map(|panel| panel.runbook.clone());
    let named: BTreeSet<String> = of_panels.chain(alert::runbooks(project)).collect();
    let missing = named.difference(&there).map(|path| format!("{path} is named and not there"));
    let unused =
        there.difference(&named).map(|path| format!("{path} is there, and no alert or panel leads to it"));
    Ok(missing.chain(unused).collect())
}

/// What is checked in is what would be made, and nothing else is there.
fn old(project: &Project, root: &Path) -> Result<Vec<String>, String> {
    let mut findings = Vec::new();
    let mut there: BTreeSet<_> = files(&root.join("dashboards/grafana"), "json")?.into_iter().collect();
    for dashboard in &project.dashboards {
        let path = grafana::path(root, &dashboard.name);
        let made = grafana::text(&dashboard.value, &project.settings);
        if !there.remove(&path) || project::text(&path)? != made {
            findings.push(format!("{} is old: cargo run -p dashboards -- render", path.display()));
        }
    }
    findings.extend(there.iter().map(|path| format!("{} has no source", path.display())));
    Ok(findings)
}

/// The labels of a query's result, or what is wrong with it.
fn result(expr: &str, variables: &[crate::source::Variable], metrics: &Metrics) -> Result<Labels, String> {
    promql::check(&query::substituted(expr, variables), metrics)
}
