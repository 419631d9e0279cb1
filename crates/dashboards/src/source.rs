//! A dashboard as it is written: `dashboards/source/NAME.yaml`. What is not known here is refused.

use serde::Deserialize;

/// A dashboard.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// Its name in Grafana's list.
    pub title: String,
    /// Its name in URLs: never changed, or bookmarks break.
    pub uid: String,
    /// The question that it answers.
    pub description: String,
    /// Further places to go.
    #[serde(default)]
    pub links: Vec<Link>,
    /// What can be chosen at its top, besides the data sources.
    #[serde(default)]
    pub variables: Vec<Variable>,
    /// Its panels, from top to bottom.
    pub rows: Vec<Row>,
}

/// Somewhere else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What is there.
    pub title: String,
    /// A page of the repository, such as `docs/SECURITY.md`.
    pub page: String,
}

/// Something to choose, written `$name` in queries.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name in queries.
    pub name: String,
    /// Its name on the screen.
    pub label: String,
    /// What there is to choose from; all of it is chosen at first.
    #[serde(default)]
    pub values: Vec<String>,
    /// Where the values come from instead, such as `label_values(build_info, service)`.
    pub query: Option<String>,
}

/// Panels under one headline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The headline.
    #[serde(default)]
    pub title: String,
    /// The panels, from left to right.
    #[serde(default)]
    pub panels: Vec<Panel>,
    /// Or: the row that `dashboards/source/rows/NAME.yaml` holds, for what several dashboards show.
    pub include: Option<String>,
}

/// One picture.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// What it shows.
    pub title: String,
    /// How to read it: what is normal, and what is not.
    pub description: String,
    /// How it is drawn.
    #[serde(default)]
    pub kind: Kind,
    /// Grafana's name of the unit, such as `s`, `reqps` or `short`.
    pub unit: String,
    /// What is asked.
    pub queries: Vec<Query>,
    /// From where on a value is good, to be looked at, or bad.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// Words for values.
    #[serde(default)]
    pub states: Vec<State>,
    /// Whether the lines add up to something.
    #[serde(default)]
    pub stacked: bool,
    /// What to read when it looks bad: `docs/runbooks/NAME.md`.
    pub runbook: Option<String>,
    /// The service whose traces a click leads to; `series` is the one that the line is about.
    pub traces: Option<String>,
    /// Why there is no data as long as all is well.
    pub quiet: Option<String>,
    /// Whether it needs the mesh's own metrics.
    #[serde(default)]
    pub mesh: bool,
}

/// How a panel is drawn.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Lines over time.
    #[default]
    Timeseries,
    /// A number.
    Stat,
    /// A bar for each value.
    Bargauge,
    /// A line for each value.
    Table,
    /// Which state when.
    State,
}

/// What is asked of Prometheus.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// PromQL.
    pub expr: String,
    /// What the line is called; `{{label}}` stands for the label's value.
    pub legend: String,
}

/// From a value on it is good, to be looked at, or bad.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// From this value on; the first one has none.
    pub from: Option<f64>,
    /// What it is.
    pub is: Meaning,
}

/// A word for a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The value.
    pub value: i64,
    /// The word.
    pub text: String,
    /// What it is.
    pub is: Meaning,
}

/// How a value is meant: Grafana's colours stand in one place.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Meaning {
    /// As it should be.
    Good,
    /// Look at it today.
    Warn,
    /// Look at it now.
    Bad,
    /// Neither.
    Plain,
}

impl Dashboard {
    /// Every panel, from top to bottom.
    pub fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.rows.iter().flat_map(|row| &row.panels)
    }
}
