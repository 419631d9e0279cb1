//! A good day, and everything that can go wrong: every panel shows something, and every alert's condition holds when it
//! should and not before.

use testkit::{Engine, engines};

use crate::collector::Collector;
use crate::prometheus::Prometheus;
use crate::stage::Stage;
use crate::watch::Watch;
use crate::{exported, until};

async fn good(stage: &Stage, watch: &mut Watch) {
    stage.a_good_day().await;
    stage.invoices(40).await;
    let run = stage.run().await;
    stage.run_ends(run).await;
    let compared = async || !watch.prometheus().ask("reconciled_until_seconds > 0").await.is_empty();
    until("the books are compared", compared).await;
    watch.well().await;
    watch.nothing_fires().await;
}

/// What others do to us, and what ends by itself.
async fn callers(stage: &mut Stage, watch: &mut Watch) {
    stage.strangers_call().await;
    watch.sees(&["RefusedAtProvider", "ManyRefusals"]).await;
    stage.a_key_ends_soon().await;
    watch.sees(&["ApiKeyEndsSoon"]).await;
    stage.hide("orders", "revoked_keys");
    watch.sees(&["RevokedKeysUnknown"]).await;
    stage.show("orders", "revoked_keys");
    let kept = stage.half_a_certificate("orders");
    watch.sees(&["NotTakenOver"]).await;
    kept.back();
    stage.certificate_ends_within_an_hour("users");
    watch.sees(&["CertificateEndsSoon", "CertificateEndsToday"]).await;
}

async fn events(stage: &mut Stage, watch: &mut Watch, collector: &Collector) {
    stage.poison_event().await;
    watch.sees(&["EventsParked"]).await;
    stage.mail_cannot_be_written().await;
    watch.sees(&["EmailsWait", "EmailsGivenUp"]).await;
    stage.nobody_hears_of_an_order().await;
    watch.sees(&["EventsPutOff"]).await;
    stage.begin("notifications").await;
    stage.events_are_stuck("users").await;
    watch.sees(&["EventsNotTold"]).await;
    stage.events_flow_again("users");
    stage.broker_is_away(collector, watch.prometheus());
    watch.sees(&["BrokerAway"]).await;
    watch.look_until_answered("broker_connected").await;
    stage.nobody_needs_a_broker(watch.prometheus());
}

async fn money(stage: &mut Stage, watch: &mut Watch) {
    stage.money_that_we_know_nothing_of().await;
    watch.sees(&["UnreconciledMoney", "SecondCaptureStopped"]).await;
    stage.a_second_capture_is_found();
    watch.sees(&["DuplicateCapture"]).await;
    let run = stage.provider_does_not_answer().await;
    watch.sees(&["BreakerOpen", "RunPaused", "OutcomeUnknown", "ReconciliationStale"]).await;
    watch.sees(&["ErrorBudgetBurnsFast", "ErrorBudgetBurns", "ErrorBudgetBurnsSlowly"]).await;
    watch.sees(&["ErrorBudgetWillNotLast"]).await;
    stage.provider_answers_again(run).await;
    stage.invoices_are_overdue().await;
    watch.sees(&["InvoicesOverdue"]).await;
}

async fn processes(stage: &mut Stage, watch: &mut Watch, collector: &Collector) {
    let customer = stage.customer("Ada", "ada@example.org", 10).await;
    stage.every_service_fails_once(customer.number).await;
    stage.database_is_slow("users").await;
    watch.sees(&["NoDatabaseConnection"]).await;
    let files = stage.files_run_out("notifications");
    watch.sees(&["FilesRunOut"]).await;
    drop(files);
    collector.stop();
    stage.get("users", "/v1/users").await;
    watch.sees(&["TelemetryLost"]).await;
    collector.up();
    for _ in 0..3 {
        stage.restart("notifications").await;
        tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    }
    watch.sees(&["RestartsAgainAndAgain"]).await;
    stage.service("notifications").kill();
    stage.service("invoice-app").kill();
    watch.sees(&["TargetDown", "ServiceMissing", "ReconciliationUnknown"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_every_panel_and_rule_is_answered_and_no_alert_fires_on_a_good_day() {
    let (Some(prometheus), Some(collector)) = (Prometheus::running(), Collector::start()) else { return };
    let engine = engines().into_iter().next_back().unwrap_or(Engine::Sqlite);
    let mut stage = Stage::start(engine, None, &collector).await;
    prometheus.watch(&stage);
    let mut watch = Watch::all(prometheus);
    let run = stage.a_run_is_stuck().await;
    watch.sees(&["RunStuck"]).await;
    stage.a_run_goes_on(run).await;
    good(&stage, &mut watch).await;
    callers(&mut stage, &mut watch).await;
    events(&mut stage, &mut watch, &collector).await;
    money(&mut stage, &mut watch).await;
    processes(&mut stage, &mut watch, &collector).await;
    // An alert that fires is on the overview.
    let fires = async || !watch.prometheus().ask("ALERTS{alertstate=\"firing\"}").await.is_empty();
    until("an alert fires", fires).await;
    watch.look().await;
    watch.ends();
    exported::is_what_is_described(watch.prometheus(), engine).await;
}
