//! Every query there is, as a Prometheus can be asked it.

use serde::Serialize;

use crate::project::{Named, Project};
use crate::rule::Rules;
use crate::source::{Dashboard, Variable};

/// A query, and where it stands.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// `panel`, `record` or `alert`.
    pub kind: &'static str,
    /// The name of the dashboard's file, or of the rules'.
    pub file: String,
    /// The panel, the recorded series or the alert.
    pub name: String,
    /// PromQL without variables.
    pub expr: String,
    /// Why it answers nothing while all is well.
    pub quiet: Option<String>,
    /// Whether it needs the mesh's own metrics.
    pub mesh: bool,
}

/// All of them: panels in their order, then rules.
#[must_use]
pub fn all(project: &Project) -> Vec<Listed> {
    let panels = project.dashboards.iter().flat_map(of_dashboard);
    panels.chain(project.rules.iter().flat_map(of_rules)).collect()
}

fn of_dashboard(dashboard: &Named<Dashboard>) -> impl Iterator<Item = Listed> {
    dashboard.value.panels().flat_map(move |panel| {
        panel.queries.iter().map(move |query| Listed {
            kind: "panel",
            file: dashboard.name.clone(),
            name: panel.title.clone(),
            expr: substituted(&query.expr, &dashboard.value.variables),
            quiet: panel.quiet.clone(),
            mesh: panel.mesh,
        })
    })
}

fn of_rules(rules: &Named<Rules>) -> impl Iterator<Item = Listed> {
    rules.value.all().map(move |rule| Listed {
        kind: if rule.alert.is_some() { "alert" } else { "record" },
        file: rules.name.clone(),
        name: rule.name().to_owned(),
        expr: rule.expr.trim().to_owned(),
        quiet: rule.alert.as_ref().map(|_| "it fires only when something is wrong".to_owned()),
        mesh: rules.mesh,
    })
}

/// Puts in what Grafana would: `$__rate_interval` is a minute, `$__range` a quarter of an hour, and a variable is
/// everything that can be chosen, as it is when a dashboard opens.
#[must_use]
pub fn substituted(expr: &str, variables: &[Variable]) -> String {
    let mut expr = expr.trim().replace("$__rate_interval", "1m").replace("$__range", "15m");
    for variable in variables {
        let all = if variable.values.is_empty() { ".+".to_owned() } else { variable.values.join("|") };
        expr = expr.replace(&format!("${}", variable.name), &all);
    }
    expr
}
