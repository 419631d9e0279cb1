//! Paid invoices with their history, and invoices that are due, made inside the server.

use db::Db;

use crate::postgres::execute;

/// As many customers everywhere: what is compared are the rows behind.
const CUSTOMERS: u32 = 100_000;

/// One after the other in time, with a random tail, as the product makes them.
const UID: &str = "CREATE FUNCTION uid(kind text, n bigint) RETURNS text IMMUTABLE LANGUAGE sql RETURN
     overlay(lpad(to_hex(1780000000000 + n), 12, '0') placing '-' from 9 for 0)
         || '-7' || substr(md5(kind || n), 1, 3) || '-8' || substr(md5(kind || n), 4, 3)
         || '-' || substr(md5(kind || n), 7, 12)";

/// Fills an empty database: the schema and all indexes stay as they are. That every reference leads somewhere is
/// certain by the way the rows are made, and is not looked up again for each of them.
pub fn fill(db: &Db, paid: u32, due: u32) {
    execute(db, &format!("SET statement_timeout = 0; SET session_replication_role = replica; {UID}"));
    execute(
        db,
        &format!(
            "INSERT INTO customers (uid, currency, method, time_zone, created_at)
                 SELECT uid('c', n), (ARRAY['EUR', 'USD', 'DKK', 'SEK', 'GBP'])[n % 5 + 1], 'card', 'UTC', n
                 FROM generate_series(1, {CUSTOMERS}) n;
             INSERT INTO billing_runs (scope_key, scope, state, round, max_invoice_id, cutoff_at, created_at, ended_at)
                 VALUES ('past', 'due', 'finished', 1, {paid}, 1, 1, 2);
             INSERT INTO invoices (uid, customer_id, amount, currency, due_on, state, attempt, epoch, method, run_id,
                     origin, created_at, paid_at)
                 SELECT uid('i', n), n * {CUSTOMERS} / ({paid}::bigint + 1) + 1, 1000 + n % 49000, 'EUR', '2026-06-01', 'PAID',
                     1, 1, 'card', 1, 'api', n, n
                 FROM generate_series(1, {paid}::bigint) n;
             INSERT INTO attempts (invoice_id, attempt, run_id, started_at, ended_at, outcome)
                 SELECT n, 1, 1, n, n + 1, 'captured' FROM generate_series(1, {paid}::bigint) n;
             INSERT INTO run_tallies (run_id, round, outcome, reason, currency, invoices, amount, at)
                 SELECT 1, 1, outcome, '', 'EUR', 100, 2500000, n
                 FROM generate_series(1, {paid}::bigint, 100) n, unnest(ARRAY['claimed', 'captured']) outcome;
             INSERT INTO invoices (uid, customer_id, amount, currency, due_on, state, origin, created_at, next_at)
                 SELECT uid('i', n), n % {CUSTOMERS} + 1, 1000 + n % 49000, 'EUR', '2026-06-01', 'PENDING', 'api', n, n
                 FROM generate_series({paid}::bigint + 1, {paid}::bigint + {due}) n;
             SET session_replication_role = origin; VACUUM ANALYZE; CHECKPOINT"
        ),
    );
}
