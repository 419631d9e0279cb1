//! Runs that start by themselves.

use std::time::Duration;

use jiff::ToSpan;
use testkit::{Engine, Stack, engines};

use crate::rows::{execute, now, number};
use crate::runs::{count, ended, stack, until};

const RUNS: &str = "SELECT COUNT(*) AS n FROM billing_runs";

/// Once an hour, half an hour from now and half an hour ago.
fn hourly() -> String {
    let minute = (now() + 30.minutes()).strftime("%-M").to_string();
    format!("{minute} * * * *")
}

/// The tick before now.
fn last_tick() -> String {
    (now() - 30.minutes()).strftime("due/%Y-%m-%dT%H:%MZ").to_string()
}

/// A run of the schedule that ended so many hours before the last tick.
fn served(stack: &Stack, hours: i64) {
    let tick = now() - 30.minutes() - hours.hours();
    let (key, at) = (tick.strftime("due/%Y-%m-%dT%H:%MZ"), tick.as_microsecond());
    execute(&stack.invoices_db, &format!(
        "INSERT INTO billing_runs (scope_key, scope, state, round, max_invoice_id, cutoff_at, created_at, ended_at, started_by)
         VALUES ('{key}', 'due', 'finished', 1, 0, {at}, {at}, {at}, 'schedule')"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_that_were_missed_are_made_up_for_by_one_run() {
    for engine in engines() {
        let mut stack = stack(engine, "demo", "1");
        served(&stack, 5);
        stack.restart_with(&[("BILLING_SCHEDULE", &hourly())]).await;
        until("a run has started", || number(&stack.invoices_db, RUNS) > 1).await;
        let run = ended(&stack, 2).await;
        assert_eq!((run["started_by"].as_str(), run["scope"].as_str()), (Some("schedule"), Some("due")));
        assert_eq!(run["scope_key"].as_str(), Some(last_tick().as_str()), "of the last tick");
        assert_eq!((count(&run, "expected"), count(&run, "captured")), (11, 11));
        tokio::time::sleep(Duration::from_millis(300)).await;
        stack.restart().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(number(&stack.invoices_db, RUNS), 2, "each tick is served once, also after a restart");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_never_ran_begins_with_its_next_tick() {
    for engine in engines() {
        let mut stack = stack(engine, "demo", "1");
        // What people started is no tick of the schedule, whatever they called it.
        crate::runs::run(&stack, "retryable").await;
        stack.restart_with(&[("BILLING_SCHEDULE", &hourly())]).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(number(&stack.invoices_db, RUNS), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tick_that_was_served_is_not_served_again() {
    for engine in engines() {
        let mut stack = stack(engine, "demo", "1");
        served(&stack, 0);
        stack.restart_with(&[("BILLING_SCHEDULE", &hourly())]).await;
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(number(&stack.invoices_db, RUNS), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_start_one_run_of_a_tick() {
    if !engines().contains(&Engine::Postgres) {
        return;
    }
    let mut stack = stack(Engine::Postgres, "large:200", "1");
    served(&stack, 1);
    stack.restart_with(&[("BILLING_SCHEDULE", &hourly()), ("CHARGE_BATCH_SIZE", "5")]).await;
    for _ in 0..2 {
        stack.start_another();
    }
    until("a run has started", || number(&stack.invoices_db, RUNS) > 1).await;
    assert_eq!(count(&ended(&stack, 2).await, "captured"), 200);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(number(&stack.invoices_db, RUNS), 2);
    assert_eq!(number(&stack.provider_db, "SELECT COUNT(*) AS n FROM charges"), 200);
    for _ in 0..2 {
        stack.stop().await;
    }
}
