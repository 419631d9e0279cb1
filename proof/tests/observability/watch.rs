//! Which queries of dashboards and rules have been answered so far.

use std::path::Path;
use std::time::Instant;

use dashboards::project::Project;
use dashboards::query::{self, Listed};
use serde_json::Value;

use crate::prometheus::Prometheus;
use crate::{LOOK, PATIENCE};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

pub(crate) struct Watch {
    prometheus: Prometheus,
    alerts: Vec<Listed>,
    /// Never answered so far.
    open: Vec<Listed>,
    asked: usize,
    mesh: usize,
    /// Alerts whose condition did not hold when it should have.
    mute: Vec<String>,
}

fn named(query: &Listed) -> String {
    format!("{} {}/{}: {}", query.kind, query.file, query.name, query.expr)
}

impl Watch {
    /// All of them but those of the mesh, which is not here.
    pub(crate) fn all(prometheus: Prometheus) -> Self {
        let all = query::all(&Project::read(Path::new(ROOT)).expect("dashboards"));
        let (mesh, open): (Vec<Listed>, Vec<Listed>) = all.into_iter().partition(|query| query.mesh);
        let alerts = open.iter().filter(|query| query.kind == "alert").cloned().collect();
        Self { prometheus, alerts, asked: open.len(), open, mesh: mesh.len(), mute: Vec::new() }
    }

    pub(crate) fn prometheus(&self) -> &Prometheus {
        &self.prometheus
    }

    /// Asks what was not answered so far.
    pub(crate) async fn look(&mut self) {
        let mut open = Vec::new();
        for query in std::mem::take(&mut self.open) {
            if self.prometheus.ask(&query.expr).await.is_empty() {
                open.push(query);
            }
        }
        self.open = open;
    }

    /// Waits until every query is answered that is not meant to be silent while all is well.
    pub(crate) async fn well(&mut self) {
        let begun = Instant::now();
        loop {
            self.look().await;
            let silent: Vec<_> = self.open.iter().filter(|query| query.quiet.is_none()).map(named).collect();
            if silent.is_empty() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "nothing answers {silent:#?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// While all is well, no condition of an alert holds. How fast answers are is the machine's affair, which does other
    /// things meanwhile.
    pub(crate) async fn nothing_fires(&self) {
        for alert in &self.alerts {
            let answer = self.prometheus.ask(&alert.expr).await;
            let ours = |series: &&Value| series["metric"]["slo"] != "latency";
            let wrong: Vec<&Value> = answer.iter().filter(ours).collect();
            assert!(wrong.is_empty(), "all is well, and {} would fire: {wrong:#?}", named(alert));
        }
    }

    /// Waits until the conditions of these alerts hold, and asks whatever else is open. All that is mute is told at the end.
    pub(crate) async fn sees(&mut self, names: &[&str]) {
        for name in names {
            let of = self.alerts.iter().filter(|alert| alert.name == *name);
            let exprs: Vec<String> = of.map(|alert| alert.expr.clone()).collect();
            assert!(!exprs.is_empty(), "there is no alert {name}");
            for expr in exprs {
                if self.holds(&expr).await {
                    // It need not hold for as long as it takes to ask all the others.
                    self.open.retain(|query| query.expr != expr);
                } else {
                    self.mute.push(format!("{name}: {expr}"));
                }
            }
        }
        self.look().await;
    }

    async fn holds(&self, expr: &str) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if !self.prometheus.ask(expr).await.is_empty() {
                return true;
            }
            tokio::time::sleep(LOOK).await;
        }
        false
    }

    /// Waits until every query about a metric was answered.
    pub(crate) async fn look_until_answered(&mut self, metric: &str) {
        let begun = Instant::now();
        while self.open.iter().any(|query| query.expr.contains(metric)) && begun.elapsed() < PATIENCE {
            tokio::time::sleep(LOOK).await;
            self.look().await;
        }
    }

    /// Each was answered at one time or another.
    pub(crate) fn ends(&self) {
        assert!(
            self.mute.is_empty(),
            "conditions of alerts that do not hold when they should: {:#?}",
            self.mute
        );
        let open: Vec<_> = self.open.iter().map(named).collect();
        assert!(open.is_empty(), "{} queries were never answered: {open:#?}", open.len());
        println!(
            "observability: {} queries answered, {} of alerts among them; {} are the mesh's and left to ./test.sh k8s",
            self.asked,
            self.alerts.len(),
            self.mesh
        );
    }
}
