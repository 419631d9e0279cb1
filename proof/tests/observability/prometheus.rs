//! The Prometheus that `./test.sh observability` started.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use service::{Var, Vars};

use crate::stage::Stage;

const URL: Var =
    Var::unset("TEST_PROMETHEUS_URL", "a Prometheus, as scripts/test/prometheus.sh up prints it");
const DIR: Var = Var::unset("TEST_PROMETHEUS_DIR", "its directory");

/// Labels of one series, `__name__` among them.
pub(crate) type Labels = BTreeMap<String, String>;

pub(crate) struct Prometheus {
    url: String,
    targets: PathBuf,
    http: reqwest::Client,
}

impl Prometheus {
    /// Nothing but a loud word where there is none, which is a failure in CI.
    pub(crate) fn running() -> Option<Self> {
        let vars = Vars::from_env();
        let (Some(url), Some(dir)) = (vars.text(&URL), vars.text(&DIR)) else {
            crate::skipped("no Prometheus: eval \"$(scripts/test/prometheus.sh up)\" first");
            return None;
        };
        let targets = PathBuf::from(dir).join("targets");
        Some(Self { url, targets, http: testkit::client::plain() })
    }

    /// From now on it asks every service on the stage.
    pub(crate) fn watch(&self, stage: &Stage) {
        let target = |(name, address): (&str, &str)| json!({"targets": [address], "labels": {"service": name, "namespace": "local"}});
        let all: Vec<Value> = stage.admins().map(target).collect();
        let (file, beside) = (self.targets.join("stage.json"), self.targets.join("stage.new"));
        std::fs::write(&beside, Value::from(all).to_string()).expect("a file");
        std::fs::rename(beside, file).expect("a file in its place");
    }

    /// What a query answers now, series by series.
    pub(crate) async fn ask(&self, expr: &str) -> Vec<Value> {
        let answer = self.get("query", &[("query", expr)]).await;
        match &answer["result"] {
            Value::Array(series) => series.clone(),
            other => vec![other.clone()],
        }
    }

    /// The series of the services that were there at any time.
    pub(crate) async fn series(&self) -> Vec<Labels> {
        let answer = self.get("series", &[("match[]", "{job=\"antaeus\"}")]).await;
        serde_json::from_value(answer).expect("labels")
    }

    /// The type of each metric.
    pub(crate) async fn types(&self) -> BTreeMap<String, String> {
        let answer = self.get("metadata", &[]).await;
        let all = answer.as_object().expect("metrics").iter();
        all.map(|(name, said)| (name.clone(), said[0]["type"].as_str().unwrap_or_default().to_owned()))
            .collect()
    }

    async fn get(&self, what: &str, parameters: &[(&str, &str)]) -> Value {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let url = format!("{}/api/v1/{what}?{query}", self.url);
        let answer = self.http.get(url).send().await.expect("Prometheus answers");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["status"], "success", "{parameters:?}: {}", answer["error"]);
        answer["data"].clone()
    }
}
