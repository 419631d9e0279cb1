//! A collector that is away, or is not the one that it should be, costs no request, and is counted.

use testkit::{Engine, Home};

use crate::collector::Collector;
use crate::stage::Stage;
use crate::until;

const REQUESTS: usize = 300;

/// How many spans and log lines had this fate, in all services.
fn count(metrics: &str, fate: impl Fn(&str) -> bool) -> u64 {
    let of = |line: &&str| line.starts_with("telemetry_exported_total{") && fate(line);
    let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok());
    metrics.lines().filter(of).filter_map(value).sum()
}

fn sent(metrics: &str) -> u64 {
    count(metrics, |line| line.contains("result=\"sent\""))
}

fn lost(metrics: &str) -> u64 {
    count(metrics, |line| !line.contains("result=\"sent\""))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_no_request() {
    let Some(collector) = Collector::start() else { return };
    let stage = Stage::start(Engine::Sqlite, None, &collector).await;
    let customer = stage.customer("Ada", "ada@example.org", 100).await;
    until("something is exported", async || sent(&stage.metrics().await) > 0).await;
    let before = lost(&stage.metrics().await);
    assert_eq!(before, 0, "nothing is lost while the collector is there");
    collector.stop();
    let mut statuses = Vec::new();
    for n in 0..REQUESTS {
        let (at, path) =
            [("users", "/v1/users"), ("orders", "/v1/orders"), ("invoice-app", "/v1/invoices")][n % 3];
        statuses.push(stage.ask("GET", at, path, None).await.0);
    }
    let good = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(good, REQUESTS, "every request is answered");
    let order = stage.order(&customer.user, 30).await;
    stage.ends(&order, "CONFIRMED").await;
    until("what is lost is counted", async || lost(&stage.metrics().await) > 0).await;
    let (then, lost_then) = (sent(&stage.metrics().await), lost(&stage.metrics().await));
    collector.up();
    stage.get("users", "/v1/users").await;
    let back = async || {
        stage.ask("GET", "users", "/v1/users", None).await;
        sent(&stage.metrics().await) > then
    };
    until("it is exported again once the collector is back", back).await;
    println!(
        "observability: {good} of {REQUESTS} requests answered without a collector, {lost_then} spans and lines lost"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_goes_to_a_collector_of_the_named_ca_and_to_no_other() {
    let Some(collector) = Collector::start() else { return };
    let mut stage = Stage::start(Engine::Sqlite, None, &collector).await;
    let guarded = Collector::guarded(stage.home.path("pki/payment-provider")).expect("a collector");
    let admin = format!("http://{}/metrics", stage.service("users").admin());
    let (foreign, http) = (Home::new(), stage.http.clone());
    let metrics = async || http.get(&admin).send().await.expect("an answer").text().await.expect("metrics");
    let ca = |of: &Home| of.text("pki/payment-provider/ca.pem");
    for (ca, is_ours) in [(ca(&foreign), false), (ca(&stage.home), true)] {
        stage.service("users").set("OTEL_EXPORTER_OTLP_ENDPOINT", &guarded.url());
        stage.service("users").set("OTEL_EXPORTER_OTLP_CERTIFICATE", &ca);
        stage.restart("users").await;
        stage.get("users", "/v1/users").await;
        let fate = if is_ours { sent } else { lost };
        until("it is known what became of it", async || fate(&metrics().await) > 0).await;
        assert_eq!(sent(&metrics().await) > 0, is_ours);
        if is_ours {
            until("it is written down", async || !guarded.received().is_empty()).await;
        }
        assert_eq!(guarded.received().is_empty(), !is_ours);
    }
}
