DROP TABLE outbox;
DROP TABLE differences;
DROP TABLE reconciled_windows;
ALTER TABLE attempts DROP COLUMN next_at;
ALTER TABLE invoices DROP COLUMN last_code;
ALTER TABLE invoices DROP COLUMN asked;
DROP TABLE run_tallies;
DROP TABLE run_invoices;
-- Runs of the newer kinds have no place in the older schema.
PRAGMA defer_foreign_keys = ON;
CREATE TEMPORARY TABLE new_runs AS
    SELECT * FROM billing_runs WHERE scope IN ('unpaid', 'untried', 'unknown') AND rounds_left IS NOT NULL;
UPDATE invoices SET run_id = NULL WHERE run_id NOT IN (SELECT id FROM new_runs);
DROP TABLE billing_runs;
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
INSERT INTO billing_runs
    SELECT id, scope_key, scope, CASE state WHEN 'running' THEN 'running' ELSE 'finished' END, round, rounds_left,
        max_invoice_id, cutoff_at, created_at,
        CASE state WHEN 'running' THEN NULL ELSE COALESCE(ended_at, created_at) END
    FROM new_runs;
DROP TABLE new_runs;
CREATE INDEX billing_runs_running ON billing_runs (id) WHERE state = 'running';
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
