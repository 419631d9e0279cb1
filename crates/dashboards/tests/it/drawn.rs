//! What Grafana gets.

use std::collections::BTreeSet;

use dashboards::grafana::dashboard;
use serde_json::Value;

use crate::project;

fn drawn() -> Vec<Value> {
    let project = project();
    project.dashboards.iter().map(|one| dashboard(&one.value, &project.settings)).collect()
}

fn panels(dashboard: &Value) -> &[Value] {
    dashboard["panels"].as_array().unwrap()
}

#[test]
fn no_two_panels_share_a_place_and_every_line_is_full() {
    for dashboard in drawn() {
        let (mut taken, mut bottom) = (BTreeSet::new(), 0);
        for panel in panels(&dashboard) {
            let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().unwrap());
            bottom = bottom.max(y + h);
            for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                assert!(taken.insert(place), "{} {place:?}", panel["title"]);
            }
        }
        assert_eq!(taken.len() as u64, 24 * bottom, "{}", dashboard["title"]);
    }
}

#[test]
fn every_data_source_is_chosen_at_the_top() {
    for dashboard in drawn() {
        let text = dashboard.to_string();
        assert_eq!(
            text.matches(r#""uid":"${datasource}""#).count(),
            panels(&dashboard).iter().filter(|p| p["type"] != "row").count()
        );
        let names: Vec<_> =
            dashboard["templating"]["list"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names[..2], ["datasource", "traces"]);
        assert_eq!(dashboard["editable"], false);
    }
}

#[test]
fn a_line_leads_to_the_traces_of_its_service_in_the_time_that_is_shown() {
    let project = project();
    let users = project.dashboards.iter().find(|one| one.name == "users").unwrap();
    let users = dashboard(&users.value, &project.settings);
    let link = &panels(&users)[1]["fieldConfig"]["defaults"]["links"][0];
    let url = link["url"].as_str().unwrap();
    // What Grafana puts in.
    let url = url.replace("${traces}", "store").replace("${__from}", "1000").replace("${__to}", "2000");
    let query = url.strip_prefix("/explore?").unwrap();
    let (_, panes) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "panes").unwrap();
    let pane = &serde_json::from_str::<Value>(&panes).unwrap()["traces"];
    assert_eq!(pane["datasource"], "store");
    assert_eq!(pane["queries"][0]["service"], "users");
    assert_eq!(pane["range"], serde_json::json!({ "from": "1000", "to": "2000" }));
}

#[test]
fn a_panel_that_may_be_empty_says_why() {
    for dashboard in drawn() {
        for panel in panels(&dashboard) {
            let says = panel["fieldConfig"]["defaults"]["noValue"].as_str();
            let described = panel["description"].as_str().unwrap_or_default();
            assert!(says.is_none_or(|why| described.contains(why)), "{}", panel["title"]);
        }
    }
}
