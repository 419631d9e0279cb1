-- Invoices of orders, with the UUID of their order: charged at once and once, by no run. The one index that their claims
-- use; no other invoice is in it.
ALTER TABLE invoices DROP CONSTRAINT invoices_origin_check;
ALTER TABLE invoices
    ADD CONSTRAINT invoices_origin_check CHECK (origin IN ('api', 'import', 'order')),
    -- W3C trace context of what caused an order's invoice.
    ADD COLUMN traceparent TEXT;
CREATE INDEX invoices_orders ON invoices (next_at, id) WHERE next_at IS NOT NULL AND origin = 'order';

-- What happened and is to be told; whoever tells it deletes it. Ids are UUIDv7, in the order of time; those of rows from
-- before begin with zeros, and their versions count them up, which stays below every epoch to come.
ALTER TABLE outbox RENAME TO old_outbox;
ALTER INDEX outbox_pkey RENAME TO old_outbox_pkey;
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
    SELECT '00000000-0000-7000-8000-' || LPAD(CAST(id AS TEXT), 12, '0'), kind, subject,
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
