-- Invoices of orders, with the UUID of their order: charged at once and once, by no run. SQLite cannot change a CHECK,
-- so the table is made anew under its name; whatever refers to it is looked at when this is committed.
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
    origin       TEXT    NOT NULL CHECK (origin IN ('api', 'import', 'order')),
    created_at   BIGINT  NOT NULL,
    paid_at      BIGINT  CHECK ((paid_at IS NOT NULL) = (state = 'PAID')),
    -- Due time, end of the lease, or the next time to ask: whatever comes next.
    next_at      BIGINT  CHECK ((next_at IS NULL) = (state IN ('PAID', 'VOID', 'PARKED'))),
    last_code    TEXT,
    asked        INTEGER NOT NULL DEFAULT 0,
    leased_until BIGINT CHECK (leased_until IS NULL OR state = 'CHARGING'),
    -- W3C trace context of what caused an order's invoice.
    traceparent  TEXT
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
-- The one index that the claims of orders' invoices use; no other invoice is in it.
CREATE INDEX invoices_orders ON invoices (next_at, id) WHERE next_at IS NOT NULL AND origin = 'order';

-- What happened and is to be told; whoever tells it deletes it. Ids are UUIDv7, in the order of time; those of rows from
-- before begin with zeros, and their versions count them up, which stays below every epoch to come.
ALTER TABLE outbox RENAME TO old_outbox;
CREATE TABLE outbox (
    id          TEXT   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    data        TEXT   NOT NULL,
    traceparent TEXT,
    created_at  BIGINT NOT NULL
);
INSERT INTO outbox (id, kind, subject, version, data, created_at)
    SELECT '00000000-0000-7000-8000-' || printf('%012d', id), kind, subject,
        ROW_NUMBER() OVER (PARTITION BY subject ORDER BY id), data, created_at
    FROM old_outbox;
DROP TABLE old_outbox;

-- What was heard: for each subject the newest version that was applied.
CREATE TABLE inbox (
    source      TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    event_id    TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (source, subject)
);

-- Events that were not taken: tried again at `next_at`; without one, parked until a person replays them.
CREATE TABLE held_events (
    receiver TEXT    NOT NULL,
    id       TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    event    TEXT    NOT NULL,
    attempts INTEGER NOT NULL,
    next_at  BIGINT,
    reason   TEXT    NOT NULL,
    held_at  BIGINT  NOT NULL,
    PRIMARY KEY (receiver, id)
);

-- Who tells what is in the outbox, until when.
CREATE TABLE relay_lease (
    name   TEXT   NOT NULL PRIMARY KEY,
    holder TEXT   NOT NULL,
    until  BIGINT NOT NULL
);
