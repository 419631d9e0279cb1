//! What the measures say is what the rows say.

use std::time::{Duration, Instant};

use proof::scraped::{self, Series};
use serde_json::json;
use testkit::{Engine, Stack, engines};

use crate::books::{capture, found, metric_becomes, pair, reconcile, stack, uid};
use crate::older_provider::{OlderProvider, Reply, raw};
use crate::rows::{execute, number};
use crate::runs::{self, now, run};

async fn text(stack: &Stack, admin: &str) -> String {
    stack.http.get(format!("{admin}/metrics")).send().await.unwrap().text().await.unwrap()
}

async fn ours(stack: &Stack) -> String {
    text(stack, &stack.invoices_admin).await
}

/// The value of the one series of a name and labels.
fn value(text: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let fits =
        |one: &&Series| one.name == name && labels.iter().all(|(label, value)| one.labels[*label] == *value);
    let all = scraped::series(text);
    let mut fitting = all.iter().filter(fits);
    let one = fitting.next().unwrap_or_else(|| panic!("there is no {name} {labels:?}"));
    assert_eq!(fitting.next(), None, "{name} {labels:?} is one of several");
    one.value.parse().unwrap()
}

async fn becomes(stack: &Stack, what: &str, so: impl Fn(&str) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let text = ours(stack).await;
        if so(&text) {
            return;
        }
        assert!(Instant::now() < deadline, "{what}:\n{text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_watched_is_there_before_anything_happens() {
    let stack = Stack::start(Engine::Sqlite, testkit::Options::default());
    let text = ours(&stack).await;
    for name in [
        "oldest_due_invoice_seconds",
        "oldest_unknown_outcome_seconds",
        "provider_breaker_open",
        "reconciled_until_seconds",
        "duplicate_captures",
        "outbox_events",
    ] {
        assert!(value(&text, name, &[]).abs() < 0.5, "{name}");
    }
    assert!(value(&text, "unreconciled_amount", &[("currency", "EUR")]).abs() < 0.5);
    assert!(value(&text, "billing_runs", &[("state", "paused")]).abs() < 0.5);
    assert!(value(&text, "invoice_charges_total", &[("outcome", "declined"), ("kind", "hard")]).abs() < 0.5);
    assert!(
        value(&text, "reconciliation_differences", &[("kind", "captured_twice"), ("standing", "open")]).abs()
            < 0.5
    );
    assert!(value(&text, "process_start_time_seconds", &[]) > 1e9);
    assert!(value(&text, "db_client_connection_max", &[]) > 1.0);
    assert!(value(&text, "db_client_connection_wait_time_seconds_count", &[]) > 0.0);
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(value(&text, "build_info", &version).to_string(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_count_a_run_as_its_rows_say() {
    for engine in engines() {
        let stack = runs::stack(engine, "demo", "0.5");
        let run = run(&stack, "due").await;
        let (ours, theirs) = (ours(&stack).await, text(&stack, &stack.provider_admin).await);
        let rows = |sql: &str| u64::try_from(number(&stack.invoices_db, sql)).unwrap();
        let paid = rows("SELECT COUNT(*) AS n FROM invoices WHERE state = 'PAID' AND attempt > 0");
        let charges = |labels| scraped::sum(&ours, "invoice_charges_total", labels);
        assert_eq!(charges(&[("outcome", "captured"), ("kind", "none")]), paid, "{run}");
        assert_eq!(charges(&[]), rows("SELECT COUNT(*) AS n FROM attempts"));
        assert_eq!(scraped::sum(&theirs, "provider_charges_total", &[("verdict", "captured")]), paid);
        let declined = rows("SELECT COUNT(*) AS n FROM attempts WHERE outcome = 'declined'");
        assert_eq!(charges(&[("outcome", "declined"), ("kind", "soft")]), declined, "{ours}");
        let kroner = rows(
            "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM invoices WHERE state = 'PAID' AND attempt > 0 AND currency = 'DKK'",
        );
        let captured = [("outcome", "captured"), ("currency", "DKK")];
        assert_eq!(scraped::sum(&ours, "invoice_charged_amount_total", &captured), kroner);
        assert_eq!(scraped::sum(&theirs, "provider_captured_amount_total", &[("currency", "DKK")]), kroner);
        assert_eq!(scraped::sum(&theirs, "provider_replays_total", &[]), 0);
        let calls = [("peer", "payment-provider"), ("outcome", "answered")];
        assert!(scraped::sum(&ours, "http_client_request_duration_seconds_count", &calls) > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gauges_show_what_waits_and_how_far_the_open_runs_are() {
    for engine in engines() {
        let stack = runs::with(engine, "pleo-go", "1", &[]);
        // In an hour nothing of it is due, but for the first one, which fell due two hours ago and belongs to no run.
        let hour = 3_600_000_000_i64;
        let sql = format!("UPDATE invoices SET next_at = {} WHERE id > 1", now() + hour);
        execute(
            &stack.invoices_db,
            &format!("{sql}; UPDATE invoices SET next_at = {} WHERE id = 1", now() - 2 * hour),
        );
        let due = |text: &str| value(text, "oldest_due_invoice_seconds", &[]);
        becomes(&stack, "due for two hours", |text| due(text) >= 7_200.0 && due(text) < 7_300.0).await;
        execute(&stack.invoices_db, &format!(
            "UPDATE invoices SET state = 'CHARGING', attempt = 1, method = 'card', last_outcome = 'unknown',
                 unknown_since = {}, leased_until = {}, next_at = {} WHERE id = 1;
             INSERT INTO billing_runs (scope_key, scope, state, round, max_invoice_id, cutoff_at, created_at, started_by, policy)
                 VALUES ('a', 'due', 'paused', 1, 1, 5, 5, 't', '');
             INSERT INTO run_tallies (run_id, round, outcome, reason, currency, invoices, amount, at)
                 SELECT id, 1, 'expected', '', 'EUR', 7, 700, 5 FROM billing_runs;
             INSERT INTO run_tallies (run_id, round, outcome, reason, currency, invoices, amount, at)
                 SELECT id, 1, 'captured', '', 'EUR', 2, 250, 5 FROM billing_runs",
            now() - hour, now() + hour, now() + hour
        ));
        let unknown = |text: &str| value(text, "oldest_unknown_outcome_seconds", &[]);
        becomes(&stack, "unknown for an hour", |text| unknown(text) >= 3_600.0 && due(text) < 0.5).await;
        let text = ours(&stack).await;
        let of = |name, labels: &[(&str, &str)]| value(&text, name, labels).to_string();
        assert_eq!(of("billing_runs", &[("state", "paused")]), "1");
        assert_eq!(of("billing_run_invoices", &[("state", "remaining")]), "5");
        assert_eq!(of("billing_run_amount", &[("state", "remaining"), ("currency", "EUR")]), "450");
        execute(&stack.invoices_db, "UPDATE billing_runs SET state = 'finished', ended_at = 9");
        let none = |text: &str| {
            value(text, "billing_run_amount", &[("state", "remaining"), ("currency", "EUR")]) < 0.5
        };
        becomes(&stack, "no run is open any more", none).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_unknown_since_it_was_first_asked_about_until_it_is_known() {
    for engine in engines() {
        let provider = OlderProvider::start();
        let (stack, _home) = crate::outcomes::before(engine, &provider, "200").await;
        provider.memory().otherwise = raw(500, "", "");
        let since = "SELECT COALESCE(MAX(unknown_since), 0) AS n FROM invoices";
        let begun = now();
        runs::start(&stack, json!({"scope": "due"})).await;
        runs::until("unknown", || number(&stack.invoices_db, since) >= begun).await;
        let first = number(&stack.invoices_db, since);
        runs::until("asked again", || runs::invoices(&stack, "asked >= 2") == 1).await;
        assert_eq!(number(&stack.invoices_db, since), first, "since the first time");
        let counted = |text: &str| scraped::sum(text, "invoice_charges_total", &[("kind", "network")]) >= 2;
        becomes(&stack, "counted as failures of the network", counted).await;
        provider.memory().otherwise = Reply::Captured;
        runs::until("paid", || runs::invoices(&stack, "state = 'PAID' AND unknown_since IS NULL") == 1).await;
    }
}

/// Whatever keeps the ledger from holding a capture twice.
fn without_its_key(engine: Engine) -> &'static str {
    match engine {
        Engine::Postgres => "ALTER TABLE transfers DROP CONSTRAINT transfers_pkey",
        Engine::Sqlite => {
            "DROP VIEW entries; CREATE TABLE again AS SELECT * FROM transfers; DROP TABLE transfers;
             ALTER TABLE again RENAME TO transfers"
        }
    }
}

/// A provider that captures an invoice again shows more money than we have: in the same second, or in another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_capture_of_an_invoice_is_found_whenever_it_was_made() {
    for engine in engines() {
        for earlier in [100_000, 5_000_000] {
            let stack = stack(engine);
            capture(&stack, &uid(&stack, 1).await, 1215, "EUR").await;
            let report = reconcile(&stack).await;
            assert_eq!(found(&report), [pair("captured_not_paid", "repaired")]);
            execute(&stack.invoices_db, "DELETE FROM reconciled_windows");
            execute(&stack.provider_db, without_its_key(engine));
            execute(&stack.provider_db, &format!(
                "INSERT INTO transfers (kind, reference, charge, debit, credit, amount, currency, at)
                 SELECT kind, reference, 'again', debit, credit, amount, currency, at - {earlier} FROM transfers"
            ));
            let report = reconcile(&stack).await;
            let twice = pair("captured_twice", "open");
            assert!(found(&report).contains(&twice), "{report}");
            assert_eq!(report["unreconciled"], json!([{"value": 12.15, "currency": "EUR"}]), "{report}");
            metric_becomes(&stack, "duplicate_captures", 1).await;
            metric_becomes(&stack, "unreconciled_amount{currency=\"EUR\"}", 1215).await;
            execute(&stack.invoices_db, "UPDATE differences SET state = 'repaired'");
            metric_becomes(&stack, "duplicate_captures", 0).await;
        }
    }
}
