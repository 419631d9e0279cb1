//! What a dashboard or a rule must have.

use dashboards::check::{addressed, all};
use dashboards::project::Project;
use dashboards::rule::Rule;
use dashboards::source::{Dashboard, Panel};

use crate::{project, root};

/// What is found once something was changed.
fn found(change: impl FnOnce(&mut Project)) -> String {
    let mut project = project();
    change(&mut project);
    all(&project, &root()).unwrap().join("\n")
}

fn panel(project: &mut Project) -> &mut Panel {
    &mut project.dashboards[0].value.rows[0].panels[0]
}

fn alert<'a>(project: &'a mut Project, name: &str) -> &'a mut Rule {
    let groups = project.rules.iter_mut().flat_map(|file| &mut file.value.groups);
    groups.flat_map(|group| &mut group.rules).find(|rule| rule.name() == name).expect(name)
}

#[test]
fn all_that_is_checked_in_is_in_order() {
    assert_eq!(found(|_| ()), "", "cargo run -p dashboards -- render; cargo run -p dashboards -- check");
}

#[test]
fn a_panel_has_title_description_unit_and_query() {
    assert!(found(|project| panel(project).title.clear()).contains("no title"));
    assert!(found(|project| panel(project).description.clear()).contains("no description"));
    assert!(found(|project| panel(project).unit.clear()).contains("no unit"));
    assert!(found(|project| panel(project).queries.clear()).contains("asks nothing"));
    assert!(found(|project| panel(project).queries[0].legend = "{{nobody}}".into()).contains("label nobody"));
    assert!(found(|project| panel(project).queries[0].expr = "nothing".into()).contains("nothing exports"));
}

#[test]
fn a_dashboard_has_its_own_uid_and_uses_its_variables() {
    let twice =
        |project: &mut Project| project.dashboards[1].value.uid = project.dashboards[0].value.uid.clone();
    assert!(found(twice).contains("another dashboard's"));
    let unused = |project: &mut Project| {
        let variables = project.dashboards.iter_mut().find(|one| one.name == "users").unwrap();
        variables.value.variables[0].name = "nobody".into();
    };
    assert!(found(unused).contains("no query uses the variable nobody"));
}

#[test]
fn a_source_that_was_changed_and_not_rendered_is_noticed() {
    assert!(found(|project| project.dashboards[0].value.title.push('!')).contains("is old"));
    assert!(found(|project| drop(project.dashboards.remove(0))).contains("has no source"));
}

#[test]
fn an_alert_has_for_severity_team_texts_and_runbook() {
    let broken = |change: fn(&mut Rule)| found(|project| change(alert(project, "DuplicateCapture")));
    assert!(broken(|rule| rule.lasting = None).contains("`for`"));
    assert!(broken(|rule| drop(rule.labels.insert("severity".into(), "high".into()))).contains("severity"));
    assert!(broken(|rule| drop(rule.labels.remove("team"))).contains("team"));
    assert!(broken(|rule| drop(rule.annotations.remove("summary"))).contains("no summary"));
    assert!(broken(|rule| drop(rule.annotations.remove("runbook_url"))).contains("runbook_url"));
    assert!(broken(|rule| rule.expr = "max(duplicates) > 0".into()).contains("nothing exports duplicates"));
    let text =
        |rule: &mut Rule| drop(rule.annotations.insert("summary".into(), "{{ $labels.service }}".into()));
    assert!(broken(text).contains("no label service"));
}

#[test]
fn a_runbook_that_is_missing_or_that_nobody_is_led_to_is_noticed() {
    let missing = |project: &mut Project| panel(project).runbook = Some("docs/runbooks/nothing.md".into());
    assert!(found(missing).contains("nothing.md is named and not there"));
    let unread = found(|project| {
        project.rules.clear();
        project.dashboards.clear();
    });
    assert!(unread.contains("telemetry.md is there, and no alert or panel leads to it"));
}

#[test]
fn an_alert_without_both_tests_is_noticed() {
    let without = |fires: bool| {
        found(move |project| {
            let tests = project.tests.iter_mut().flat_map(|file| &mut file.value.tests);
            for test in tests {
                test.alert_rule_test.retain(|one| one.exp_alerts.is_empty() == fires);
            }
        })
    };
    assert!(without(true).contains("DuplicateCapture: no test in which it fires"));
    assert!(without(false).contains("DuplicateCapture: no test in which it stays silent"));
    let strange = found(|project| drop(alert(project, "DuplicateCapture").alert.replace("Twice".into())));
    assert!(strange.contains("DuplicateCapture is tested and not there"));
}

#[test]
fn another_place_of_the_repository_changes_every_address() {
    let rule = "          runbook_url: docs/runbooks/events.md\n          x: y\n";
    let once = addressed(rule, "https://one.example/");
    assert_eq!(once, "          runbook_url: https://one.example/docs/runbooks/events.md\n          x: y\n");
    assert!(
        addressed(&once, "https://two.example/").contains(": https://two.example/docs/runbooks/events.md\n")
    );
}

#[test]
fn a_field_that_is_not_known_is_refused() {
    let text = dashboards::project::text(&root().join("dashboards/source/users.yaml")).unwrap();
    serde_saphyr::from_str::<Dashboard>(&text).unwrap();
    let misspelt = text.replacen("unit:", "units:", 1);
    assert!(serde_saphyr::from_str::<Dashboard>(&misspelt).unwrap_err().to_string().contains("units"));
}
