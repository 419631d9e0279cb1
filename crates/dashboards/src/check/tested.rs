//! Every alert has a test in which it fires, and one in which it does not.

use std::collections::BTreeSet;

use crate::project::Project;

pub(super) fn findings(project: &Project) -> Vec<String> {
    let tests =
        || project.tests.iter().flat_map(|file| &file.value.tests).flat_map(|test| &test.alert_rule_test);
    let tried = |fires: bool| -> BTreeSet<&str> {
        tests()
            .filter(|test| test.exp_alerts.is_empty() != fires)
            .map(|test| test.alertname.as_str())
            .collect()
    };
    let (fires, silent) = (tried(true), tried(false));
    let alerts: BTreeSet<&str> = project
        .rules
        .iter()
        .flat_map(|file| file.value.all())
        .filter_map(|rule| rule.alert.as_deref())
        .collect();
    let untried = alerts.difference(&fires).map(|name| format!("{name}: no test in which it fires"));
    let unbridled =
        alerts.difference(&silent).map(|name| format!("{name}: no test in which it stays silent"));
    let strange = fires.union(&silent).filter(|name| !alerts.contains(*name));
    untried.chain(unbridled).chain(strange.map(|name| format!("{name} is tested and not there"))).collect()
}
