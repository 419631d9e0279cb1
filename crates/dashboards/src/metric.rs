//! Which metrics and labels there are: `docs/metrics.json`, which the services' code writes, and
//! `dashboards/foreign-metrics.yaml` for what others export.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use crate::project::{text, yaml};

/// What the scrape adds to each series.
const SCRAPED: [&str; 4] = ["job", "instance", "service", "namespace"];

/// Label names, each with the values that it may have; none given: any.
pub type Labels = BTreeMap<String, BTreeSet<String>>;

/// What may be asked for, by the name that a series has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics(BTreeMap<String, Labels>);

/// A metric of ours.
#[derive(Clone, Debug, Deserialize)]
struct Own {
    name: String,
    #[serde(rename = "type")]
    kind: Type,
    labels: OwnLabels,
    /// Who exports it.
    services: BTreeSet<String>,
}

/// Label names alone, or with all values that each may have.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum OwnLabels {
    Names(BTreeSet<String>),
    Values(Labels),
}

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Type {
    Counter,
    Gauge,
    Histogram,
}

/// A metric of somebody else.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Foreign {
    name: String,
    #[serde(rename = "from")]
    _from: String,
    #[serde(default)]
    labels: Labels,
}

impl Metrics {
    /// Reads both files.
    ///
    /// # Errors
    /// One sentence that names the file.
    pub fn read(own: &Path, foreign: &Path) -> Result<Self, String> {
        let mut metrics = Self::default();
        let ours: Vec<Own> =
            serde_json::from_str(&text(own)?).map_err(|e| format!("{}: {e}", own.display()))?;
        ours.into_iter().for_each(|one| metrics.add(one));
        for one in yaml::<Vec<Foreign>>(foreign)? {
            metrics.know(one.name, one.labels);
        }
        Ok(metrics)
    }

    /// The labels of a series, those of the scrape included.
    #[must_use]
    pub fn labels(&self, name: &str) -> Option<&Labels> {
        self.0.get(name)
    }

    /// Makes a series known.
    pub fn know(&mut self, name: String, mut labels: Labels) {
        for label in SCRAPED {
            labels.entry(label.to_owned()).or_default();
        }
        self.0.insert(name, labels);
    }

    /// Makes a recorded series known: it has the labels that its rules leave it, and no others.
    pub fn know_recorded(&mut self, name: &str, labels: impl IntoIterator<Item = String>) {
        let known = self.0.entry(name.to_owned()).or_default();
        known.extend(labels.into_iter().map(|label| (label, BTreeSet::new())));
    }

    fn add(&mut self, one: Own) {
        let mut labels = match one.labels {
            OwnLabels::Names(names) => names.into_iter().map(|name| (name, BTreeSet::new())).collect(),
            OwnLabels::Values(labels) => labels,
        };
        labels.insert("service".into(), one.services);
        if one.kind != Type::Histogram {
            return self.know(one.name, labels);
        }
        for part in ["_sum", "_count"] {
            self.know(one.name.clone() + part, labels.clone());
        }
        labels.insert("le".into(), BTreeSet::new());
        self.know(one.name + "_bucket", labels);
    }
}
