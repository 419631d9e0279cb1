-- Runs are objects that are paused, resumed and cancelled, with the retry policy that they began with. SQLite cannot
-- change a CHECK, so the table is made anew under its name; whatever refers to it is looked at when this is committed.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE old_runs AS SELECT * FROM billing_runs;
DROP TABLE run_tallies;
DROP TABLE billing_runs;
CREATE TABLE billing_runs (
    id             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    scope_key      TEXT    NOT NULL UNIQUE,
    scope          TEXT    NOT NULL CHECK (scope IN ('due', 'retryable', 'unpaid', 'ids', 'untried', 'unknown')),
    state          TEXT    NOT NULL CHECK (state IN ('running', 'paused', 'finished', 'cancelled')),
    round          INTEGER NOT NULL,
    -- Rounds of older clients; NULL for a run that waits for a verdict on every invoice.
    rounds_left    INTEGER,
    max_invoice_id BIGINT  NOT NULL,
    cutoff_at      BIGINT  NOT NULL,
    created_at     BIGINT  NOT NULL,
    ended_at       BIGINT  CHECK ((ended_at IS NOT NULL) = (state IN ('finished', 'cancelled'))),
    started_by     TEXT    NOT NULL DEFAULT 'compat',
    -- The retry policy as JSON; '' for runs from before there was one.
    policy         TEXT    NOT NULL DEFAULT ''
);
INSERT INTO billing_runs
    (id, scope_key, scope, state, round, rounds_left, max_invoice_id, cutoff_at, created_at, ended_at)
    SELECT id, scope_key, scope, state, round, rounds_left, max_invoice_id, cutoff_at, created_at, finished_at
    FROM old_runs;
DROP TABLE old_runs;
CREATE INDEX billing_runs_running ON billing_runs (id) WHERE state = 'running';

-- The invoices of a run over given ones.
CREATE TABLE run_invoices (
    run_id     BIGINT NOT NULL REFERENCES billing_runs (id),
    invoice_id BIGINT NOT NULL REFERENCES invoices (id),
    PRIMARY KEY (run_id, invoice_id)
);

-- What changed, batch by batch, in counts and money; only ever added to, and added up for progress. Runs from before
-- have counts without money, which nobody reads any more.
CREATE TABLE run_tallies (
    id       INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- NULL where reconciliation found what no run had settled.
    run_id   BIGINT,
    round    INTEGER NOT NULL,
    outcome  TEXT    NOT NULL CHECK (outcome IN
        ('expected', 'claimed', 'captured', 'declined', 'parked', 'unknown', 'not_attempted')),
    -- Decline code, or why it was parked.
    reason   TEXT    NOT NULL,
    currency TEXT    NOT NULL,
    -- Below zero where an unknown outcome becomes known.
    invoices BIGINT  NOT NULL,
    amount   BIGINT  NOT NULL,
    -- For captures, when the provider made them.
    at       BIGINT  NOT NULL
);
CREATE INDEX run_tallies_run ON run_tallies (run_id, round);
CREATE INDEX run_tallies_captured ON run_tallies (at) WHERE outcome = 'captured';
-- What was captured before there were tallies of money belongs to the first window that is reconciled; what was paid
-- elsewhere was never attempted.
INSERT INTO run_tallies (run_id, round, outcome, reason, currency, invoices, amount, at)
    SELECT NULL, 0, 'captured', '', currency, COUNT(*), SUM(amount), 0
    FROM invoices WHERE state = 'PAID' AND attempt > 0 GROUP BY currency;

-- Why the last attempt failed, and how often an open one was asked about again.
ALTER TABLE invoices ADD COLUMN last_code TEXT;
ALTER TABLE invoices ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
-- When the next attempt was planned for.
ALTER TABLE attempts ADD COLUMN next_at BIGINT;

-- Windows of time in which the provider's captures were compared with ours, one after the other.
CREATE TABLE reconciled_windows (
    from_at    BIGINT NOT NULL PRIMARY KEY,
    to_at      BIGINT NOT NULL CHECK (to_at > from_at),
    checked_at BIGINT NOT NULL
);

-- What the two sides do not agree on, and what became of it.
CREATE TABLE differences (
    invoice_uid TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN
        ('captured_not_paid', 'amount_differs', 'unknown_invoice', 'captured_void', 'paid_not_captured')),
    amount      BIGINT NOT NULL,
    currency    TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('open', 'repaired', 'parked')),
    found_at    BIGINT NOT NULL,
    PRIMARY KEY (invoice_uid, kind)
);
CREATE INDEX differences_open ON differences (found_at) WHERE state = 'open';

-- What happened and is to be told, in the order of ids within a subject; whoever tells it deletes it.
CREATE TABLE outbox (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    kind       TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    data       TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
