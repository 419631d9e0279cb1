//! What every dashboard and panel must have.

use std::collections::BTreeSet;

use super::{result, unknown_labels};
use crate::metric::Metrics;
use crate::project::{Named, Project};
use crate::source::{Dashboard, Kind, Panel};

pub(super) fn findings(project: &Project, metrics: &Metrics) -> Vec<String> {
    let mut findings = Vec::new();
    let mut uids = BTreeSet::new();
    for dashboard in &project.dashboards {
        let mut say = |what: String| findings.push(format!("{}: {what}", dashboard.name));
        let source = &dashboard.value;
        if !uids.insert(&source.uid) {
            say(format!("the uid {} is another dashboard's", source.uid));
        }
        if source.title.is_empty() || source.description.is_empty() {
            say("say in title and description which question it answers".into());
        }
        unused_variables(source).into_iter().for_each(&mut say);
        of_panels(dashboard, metrics).into_iter().for_each(&mut say);
    }
    findings
}

fn unused_variables(source: &Dashboard) -> Vec<String> {
    let used =
        |name: &str| source.panels().flat_map(|panel| &panel.queries).any(|query| query.expr.contains(name));
    let unused = source.variables.iter().filter(|variable| !used(&format!("${}", variable.name)));
    unused.map(|variable| format!("no query uses the variable {}", variable.name)).collect()
}

fn of_panels(dashboard: &Named<Dashboard>, metrics: &Metrics) -> Vec<String> {
    let (mut findings, mut titles) = (Vec::new(), BTreeSet::new());
    for panel in dashboard.value.panels() {
        let mut say = |what: String| findings.push(format!("{:?}: {what}", panel.title));
        if !titles.insert(&panel.title) {
            say("another panel has this title".into());
        }
        looks(panel).into_iter().for_each(|what| say(what.to_owned()));
        for query in &panel.queries {
            match result(&query.expr, &dashboard.value.variables, metrics) {
                Err(why) => say(why),
                Ok(labels) => {
                    for label in unknown_labels(&query.legend, "{{", &labels) {
                        say(format!("the legend names the label {label}, which the result has not"));
                    }
                    if panel.traces.as_deref() == Some("series") && !labels.contains_key("service") {
                        say("a link to the traces of the series' service needs the label service".into());
                    }
                }
            }
        }
    }
    findings
}

fn looks(panel: &Panel) -> Vec<&'static str> {
    let wrong = [
        (panel.title.is_empty(), "it has no title"),
        (panel.description.is_empty(), "it has no description"),
        (panel.unit.is_empty(), "it has no unit"),
        (panel.queries.is_empty(), "it asks nothing"),
        (panel.queries.iter().any(|query| query.legend.is_empty()), "a query has no legend"),
        (
            panel.thresholds.first().is_some_and(|first| first.from.is_some()),
            "its first threshold has a `from`",
        ),
        (panel.thresholds.iter().skip(1).any(|step| step.from.is_none()), "a threshold has no `from`"),
        (panel.kind == Kind::State && panel.states.is_empty(), "say what its values are called: `states`"),
    ];
    wrong.into_iter().filter_map(|(is, what)| is.then_some(what)).collect()
}
