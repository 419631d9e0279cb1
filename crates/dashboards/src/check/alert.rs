//! What every rule must have.

use std::collections::BTreeSet;

use super::{RUNBOOKS, result, unknown_labels};
use crate::metric::Metrics;
use crate::project::Project;
use crate::rule::Rule;

const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];
/// The teams of the repository, and who runs the cluster.
const TEAMS: [&str; 4] = ["billing", "payments", "commerce", "platform"];
const RUNBOOK: &str = "runbook_url";

pub(super) fn findings(project: &Project, metrics: &Metrics) -> Vec<String> {
    let (mut findings, mut names) = (Vec::new(), BTreeSet::new());
    for rule in alerts(project) {
        let mut say = |what: String| findings.push(format!("{}: {what}", rule.name()));
        if !names.insert(rule.name()) {
            say("another alert has this name".into());
        }
        said(rule, &project.settings.repository).into_iter().for_each(&mut say);
        match result(&rule.expr, &[], metrics) {
            Err(why) => say(why),
            Ok(mut labels) => {
                labels.extend(rule.labels.keys().map(|label| (label.clone(), BTreeSet::new())));
                for (what, text) in &rule.annotations {
                    for label in unknown_labels(text, "$labels.", &labels) {
                        say(format!("{what}: there is no label {label}"));
                    }
                }
            }
        }
    }
    findings
}

fn said(rule: &Rule, repository: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let one_of =
        |label: &str, all: &[&str]| rule.labels.get(label).is_some_and(|found| all.contains(&found.as_str()));
    if rule.lasting.is_none() {
        findings.push("say how long it must last: `for`".to_owned());
    }
    for (label, all) in [("severity", &SEVERITIES[..]), ("team", &TEAMS[..])] {
        if !one_of(label, all) {
            findings.push(format!("the label {label} is one of {}", all.join(", ")));
        }
    }
    for what in ["summary", "description"] {
        if rule.annotations.get(what).is_none_or(String::is_empty) {
            findings.push(format!("it has no {what}"));
        }
    }
    let url = rule.annotations.get(RUNBOOK).map_or("", String::as_str);
    if !url.strip_prefix(repository).is_some_and(|path| path.starts_with(RUNBOOKS)) {
        findings.push(format!(
            "{RUNBOOK} is not {repository}{RUNBOOKS}/NAME.md: cargo run -p dashboards -- render"
        ));
    }
    findings
}

fn alerts(project: &Project) -> impl Iterator<Item = &Rule> {
    project.rules.iter().flat_map(|file| file.value.all()).filter(|rule| rule.record.is_none())
}

/// The runbooks that alerts lead to.
pub(super) fn runbooks(project: &Project) -> impl Iterator<Item = String> {
    let urls = alerts(project).filter_map(|rule| rule.annotations.get(RUNBOOK));
    urls.map(|url| url.strip_prefix(&project.settings.repository).unwrap_or(url).to_owned())
}

/// Rules with the addresses of their runbooks as they are to be: whoever writes one names the file, and another place of
/// the repository is one setting.
#[must_use]
pub fn addressed(rules: &str, repository: &str) -> String {
    let line = |line: &str| match line.split_once("runbook_url: ").zip(line.find(RUNBOOKS)) {
        Some(((indent, _), at)) => format!("{indent}runbook_url: {repository}{}\n", &line[at..]),
        None => format!("{line}\n"),
    };
    rules.lines().map(line).collect()
}
