-- Who pays.
CREATE TABLE customers (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    uid        TEXT   NOT NULL UNIQUE,
    currency   TEXT   NOT NULL,
    method     TEXT   NOT NULL,
    time_zone  TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

-- Runs over a scope of invoices, round by round.
CREATE TABLE billing_runs (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scope_key      TEXT    NOT NULL UNIQUE,
    scope          TEXT    NOT NULL CHECK (scope IN ('unpaid', 'untried', 'unknown')),
    state          TEXT    NOT NULL CHECK (state IN ('running', 'finished')),
    round          INTEGER NOT NULL,
    rounds_left    INTEGER NOT NULL,
    max_invoice_id BIGINT  NOT NULL,
    cutoff_at      BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    finished_at    BIGINT  CHECK ((finished_at IS NOT NULL) = (state = 'finished'))
);
CREATE INDEX billing_runs_running ON billing_runs (id) WHERE state = 'running';

-- What is to be paid. While an attempt is open (CHARGING), amount, currency, method and attempt do not change:
-- they are what the key was charged with.
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
    next_at      BIGINT  CHECK ((next_at IS NULL) = (state IN ('PAID', 'VOID', 'PARKED')))
);
-- The one index that claims use; paid invoices are not in it, so its size follows the open ones.
CREATE INDEX invoices_next ON invoices (next_at, id) WHERE next_at IS NOT NULL;

-- History: one row per attempt, written with its verdict.
CREATE TABLE attempts (
    invoice_id   BIGINT  NOT NULL REFERENCES invoices (id),
    attempt      INTEGER NOT NULL,
    run_id       BIGINT,
    started_at   BIGINT  NOT NULL,
    ended_at     BIGINT  NOT NULL,
    outcome      TEXT    NOT NULL,
    decline_code TEXT,
    PRIMARY KEY (invoice_id, attempt)
) WITHOUT ROWID;

-- What each settled batch came to; added up for a run's progress.
CREATE TABLE run_tallies (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    run_id        BIGINT  NOT NULL REFERENCES billing_runs (id),
    round         INTEGER NOT NULL,
    captured      INTEGER NOT NULL,
    declined      INTEGER NOT NULL,
    unknown       INTEGER NOT NULL,
    not_attempted INTEGER NOT NULL,
    parked        INTEGER NOT NULL
);
CREATE INDEX run_tallies_run ON run_tallies (run_id, round);

-- Answers given under an Idempotency-Key.
CREATE TABLE idempotency_keys (
    scope      TEXT     NOT NULL,
    key        TEXT     NOT NULL,
    request    TEXT     NOT NULL,
    status     SMALLINT NOT NULL,
    answer     TEXT     NOT NULL,
    created_at BIGINT   NOT NULL,
    PRIMARY KEY (scope, key)
) WITHOUT ROWID;
