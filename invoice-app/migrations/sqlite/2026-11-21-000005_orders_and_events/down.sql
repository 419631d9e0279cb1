DROP TABLE relay_lease;
DROP TABLE held_events;
DROP TABLE inbox;
ALTER TABLE outbox RENAME TO new_outbox;
CREATE TABLE outbox (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind       TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    data       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO outbox (kind, subject, data, created_at)
    SELECT kind, subject, data, created_at FROM new_outbox ORDER BY id;
DROP TABLE new_outbox;
-- What an older program knows nothing of it takes for invoices that were brought in.
UPDATE invoices SET origin = 'import' WHERE origin = 'order';
DROP INDEX invoices_orders;
-- SQLite cannot change a CHECK, so the table is made anew under its name.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE old_invoices AS SELECT * FROM invoices;
DROP TABLE invoices;
CREATE TABLE invoices (
    id           INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uid          TEXT    NOT NULL UNIQUE,
    customer_id  BIGINT  NOT NULL REFERENCES customers (id),
    amount       BIGINT  NOT NULL CHECK (amount > 0),
    currency     TEXT    NOT NULL,
    due_on       TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('PENDING', 'CHARGING', 'PAID', 'VOID', 'PARKED')),
    attempt      INTEGER NOT NULL DEFAULT 0,
    epoch        BIGINT  NOT NULL DEFAULT 0,
    method       TEXT    CHECK (method IS NOT NULL OR state <> 'CHARGING'),
    last_outcome TEXT    CHECK (last_outcome IN ('declined', 'unknown', 'error')),
    run_id       BIGINT  REFERENCES billing_runs (id),
    origin       TEXT    NOT NULL CHECK (origin IN ('api', 'import')),
    created_at   BIGINT  NOT NULL,
    paid_at      BIGINT  CHECK ((paid_at IS NOT NULL) = (state = 'PAID')),
    -- Due time, end of the lease, or the next time to ask: whatever comes next.
    next_at      BIGINT  CHECK ((next_at IS NULL) = (state IN ('PAID', 'VOID', 'PARKED'))),
    last_code    TEXT,
    asked        INTEGER NOT NULL DEFAULT 0,
    leased_until BIGINT CHECK (leased_until IS NULL OR state = 'CHARGING')
);
INSERT INTO invoices
    (id, uid, customer_id, amount, currency, due_on, state, attempt, epoch, method, last_outcome, run_id, origin,
     created_at, paid_at, next_at, last_code, asked, leased_until)
    SELECT id, uid, customer_id, amount, currency, due_on, state, attempt, epoch, method, last_outcome, run_id, origin,
     created_at, paid_at, next_at, last_code, asked, leased_until
    FROM old_invoices;
DROP TABLE old_invoices;
CREATE INDEX invoices_next ON invoices (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX invoices_customer ON invoices (customer_id, id);
