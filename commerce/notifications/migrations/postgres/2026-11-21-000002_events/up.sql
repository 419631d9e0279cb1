-- What happened and is to be told; whoever tells it deletes it. Ids are UUIDv7, in the order of time.
CREATE TABLE outbox (
    id          TEXT   NOT NULL PRIMARY KEY,
    kind        TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    data        TEXT   NOT NULL,
    traceparent TEXT,
    created_at  BIGINT NOT NULL
);

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
