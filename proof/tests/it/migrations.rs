//! The schema from before billing runs were objects of their own: its rows survive the migration, its runs go on.

use db::{AnyConnection, Db};
use diesel_migrations::MigrationHarness;
use invoice_app::store::MIGRATIONS;
use serde_json::json;
use testkit::{Engine, Stack, engines};

use crate::caller;
use crate::rows::{execute, lines, number};
use crate::runs::{self, count, ended, invoices, now};

/// Migrations since then.
const SINCE: usize = 5;

/// Takes them back.
fn down(db: &Db) {
    let revert = |conn: &mut AnyConnection| {
        let reverted = match conn {
            AnyConnection::Postgres(conn) => conn.revert_last_migration(MIGRATIONS.postgres).map(|_| ()),
            AnyConnection::Sqlite(conn) => conn.revert_last_migration(MIGRATIONS.sqlite).map(|_| ()),
        };
        reverted.map_err(|e| db::StoreError::Bug(e.to_string()))
    };
    (0..SINCE).for_each(|_| db.write_blocking(revert).unwrap());
}

fn up(stack: &Stack) {
    let applied = MIGRATIONS.run(&stack.invoices_db_url().parse().unwrap()).unwrap();
    assert_eq!(applied.len(), SINCE, "{applied:?}");
}

/// What the older program left behind: run 1 is over, run 2 under way. Of its invoices, 1 was sent and not settled, 2
/// was declined, 3 was paid.
const OLDER: &str = "
    INSERT INTO billing_runs (scope_key, scope, state, round, rounds_left, max_invoice_id, cutoff_at, created_at, finished_at)
        VALUES ('compat/1', 'untried', 'finished', 1, 0, 3, 5, 5, 6), ('compat/2', 'unpaid', 'running', 2, 49, 13, {now}, 5, NULL);
    INSERT INTO run_tallies (run_id, round, captured, declined, unknown, not_attempted, parked)
        VALUES (1, 1, 1, 0, 0, 0, 0), (2, 1, 0, 1, 0, 0, 0);
    UPDATE invoices SET state = 'CHARGING', attempt = 1, epoch = 1, method = 'card', run_id = 2, next_at = 5 WHERE id = 1;
    UPDATE invoices SET attempt = 1, epoch = 1, method = 'card', run_id = 2, last_outcome = 'declined', next_at = 5 WHERE id = 2;
    UPDATE invoices SET state = 'PAID', attempt = 1, epoch = 1, method = 'card', run_id = 1, paid_at = 6, next_at = NULL WHERE id = 3;
    INSERT INTO attempts (invoice_id, attempt, run_id, started_at, ended_at, outcome, decline_code)
        VALUES (2, 1, 2, 5, 6, 'declined', 'insufficient_funds'), (3, 1, 1, 5, 6, 'captured', NULL)";

/// Every row of the older schema, but those of counts that nobody reads any more.
fn rows(db: &Db) -> Vec<String> {
    let text = |column: &str| format!("COALESCE(CAST({column} AS TEXT), '-')");
    let of = |table: &str, columns: &[&str]| {
        let columns: Vec<String> = columns.iter().map(|column| text(column)).collect();
        lines(
            db,
            &format!("SELECT '{table} ' || {} AS line FROM {table} ORDER BY 1", columns.join(" || ',' || ")),
        )
    };
    let invoices = [
        "id",
        "uid",
        "customer_id",
        "amount",
        "currency",
        "due_on",
        "state",
        "attempt",
        "epoch",
        "method",
        "last_outcome",
        "run_id",
        "origin",
        "created_at",
        "paid_at",
        "next_at",
    ];
    [
        of("customers", &["id", "uid", "currency", "method", "time_zone", "created_at", "user_id"]),
        of("invoices", &invoices),
        of(
            "attempts",
            &["invoice_id", "attempt", "run_id", "started_at", "ended_at", "outcome", "decline_code"],
        ),
        of(
            "billing_runs",
            &[
                "id",
                "scope_key",
                "scope",
                "state",
                "round",
                "rounds_left",
                "max_invoice_id",
                "cutoff_at",
                "created_at",
            ],
        ),
    ]
    .concat()
}

/// Both services, invoice-app stopped, with the rows that the older program left.
async fn older(engine: Engine) -> Stack {
    let mut stack = runs::stack(engine, "demo", "1");
    let uid = stack.get("/v1/invoices/3").await["uid"].as_str().unwrap().to_owned();
    let item = json!({"key": format!("{uid}:1"), "invoice": uid, "customer": "c", "amount": 6613,
        "currency": "DKK", "method": "card"});
    assert_eq!(caller::post(&stack, "/pp/rest/v1/charges", json!({"items": [item]})).await.0, 200);
    stack.stop().await;
    down(&stack.invoices_db);
    execute(&stack.invoices_db, &OLDER.replace("{now}", &now().to_string()));
    stack
}

#[tokio::test(flavor = "multi_thread")]
async fn older_rows_survive_and_the_run_that_was_under_way_goes_on() {
    for engine in engines() {
        let mut stack = older(engine).await;
        let before = rows(&stack.invoices_db);
        assert_eq!(before.len(), 5 + 13 + 2 + 2);
        up(&stack);
        assert_eq!(rows(&stack.invoices_db), before);
        let captured = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM run_tallies WHERE outcome = 'captured'";
        assert_eq!(number(&stack.invoices_db, captured), 6613, "what was captured belongs to the books");
        stack.start_another();
        let run = ended(&stack, 2).await;
        assert_eq!((&run["state"], &run["started_by"]), (&json!("finished"), &json!("compat")));
        assert_eq!(count(&run, "in_flight"), 0, "{run}");
        assert_eq!(invoices(&stack, "state = 'PAID'"), 13);
        assert_eq!(invoices(&stack, "id = 1 AND attempt = 1"), 1, "under the key that it was sent with");
        assert_eq!(stack.get("/v1/billing-runs").await["items"].as_array().unwrap().len(), 2);
        assert_eq!(stack.get("/v1/billing-runs/1").await["state"], "finished");
        assert_eq!(proof::invariants::broken(&stack.invoices_db, &stack.provider_db), vec![]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_migration_can_be_taken_back_and_made_again() {
    for engine in engines() {
        let mut stack = older(engine).await;
        let before = rows(&stack.invoices_db);
        up(&stack);
        stack.start_another();
        ended(&stack, 2).await;
        runs::customer(&stack, json!({"currency": "EUR"})).await;
        assert_eq!(count(&runs::run(&stack, "due").await, "captured"), 1);
        stack.stop().await;
        let newer = |row: &String| row.starts_with("billing_runs 3,") || row.starts_with("invoices 14,");
        let kept = |db: &Db| -> Vec<String> { rows(db).into_iter().filter(|row| !newer(row)).collect() };
        let ahead = kept(&stack.invoices_db);
        down(&stack.invoices_db);
        assert_eq!(kept(&stack.invoices_db), ahead);
        let gone = "SELECT COUNT(*) AS n FROM billing_runs WHERE id = 3";
        assert_eq!(number(&stack.invoices_db, gone), 0, "the newer kind of run has no place there");
        assert_eq!(invoices(&stack, "id = 14 AND state = 'PAID' AND run_id IS NULL"), 1);
        assert_eq!(ahead.iter().filter(|row| row.starts_with("billing_runs")).count(), 2);
        assert_ne!(ahead, before, "invoices were paid meanwhile");
        up(&stack);
        stack.start_another();
        assert_eq!(stack.get("/v1/billing-runs").await["items"].as_array().unwrap().len(), 2);
    }
}
