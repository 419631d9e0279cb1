//! Prometheus' rules, as `dashboards/rules/*.yaml` hold them, and promtool's tests of them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A file of rules.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Rules that are evaluated one after the other.
    pub groups: Vec<Group>,
}

/// Rules that are evaluated one after the other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// How often, when not as often as all others.
    pub interval: Option<String>,
    /// The rules.
    pub rules: Vec<Rule>,
}

/// A series to be recorded, or an alert.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The series that it records.
    pub record: Option<String>,
    /// The alert that it raises.
    pub alert: Option<String>,
    /// PromQL.
    pub expr: String,
    /// How long it must hold before somebody is told.
    #[serde(rename = "for")]
    pub lasting: Option<String>,
    /// How long the alert stays when it holds no longer.
    pub keep_firing_for: Option<String>,
    /// Labels that are added.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What is said.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

impl Rules {
    /// Every rule, in its order.
    pub fn all(&self) -> impl Iterator<Item = &Rule> {
        self.groups.iter().flat_map(|group| &group.rules)
    }
}

impl Rule {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.alert.as_deref().or(self.record.as_deref()).unwrap_or("a rule without a name")
    }
}

/// A file of promtool's tests; only what says which alerts are tried, and how.
#[derive(Clone, Debug, Deserialize)]
pub struct RuleTests {
    /// The tests.
    pub tests: Vec<RuleTest>,
}

/// Series, and what the rules make of them.
#[derive(Clone, Debug, Deserialize)]
pub struct RuleTest {
    /// What is asked of alerts.
    #[serde(default)]
    pub alert_rule_test: Vec<AlertTest>,
}

/// Which alerts of a name are there at a time.
#[derive(Clone, Debug, Deserialize)]
pub struct AlertTest {
    /// Its name.
    pub alertname: String,
    /// How many there are.
    #[serde(default)]
    pub exp_alerts: Vec<serde_json::Value>,
}
