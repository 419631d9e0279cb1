-- Who is written to, where and in which language, as users said it.
CREATE TABLE recipients (
    user_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL,
    email   TEXT NOT NULL,
    locale  TEXT NOT NULL
);

-- One for each event that is worth a message, however often the event comes. Ids are UUIDv7 and compared byte by byte:
-- in their order is in the order of time.
CREATE TABLE notifications (
    id         TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    event_id   TEXT    NOT NULL UNIQUE,
    user_id    TEXT    COLLATE "C" NOT NULL REFERENCES recipients (user_id),
    order_id   TEXT    COLLATE "C",
    template   TEXT    NOT NULL,
    locale     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('QUEUED', 'SENT', 'FAILED')),
    -- Grows with each claim: who was overtaken changes nothing.
    attempts   INTEGER NOT NULL DEFAULT 0,
    -- When it is sent, tried again, or taken from who claimed it.
    next_at    BIGINT  CHECK ((next_at IS NOT NULL) = (state = 'QUEUED')),
    sent_at    BIGINT  CHECK ((sent_at IS NOT NULL) = (state = 'SENT')),
    last_error TEXT,
    created_at BIGINT  NOT NULL
);
CREATE INDEX notifications_next ON notifications (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX notifications_user ON notifications (user_id, id);
CREATE INDEX notifications_order ON notifications (order_id, id) WHERE order_id IS NOT NULL;

-- Answers given under an Idempotency-Key.
CREATE TABLE idempotency_keys (
    scope      TEXT     NOT NULL,
    key        TEXT     NOT NULL,
    request    TEXT     NOT NULL,
    status     SMALLINT NOT NULL,
    answer     TEXT     NOT NULL,
    created_at BIGINT   NOT NULL,
    PRIMARY KEY (scope, key)
);

-- API keys that were revoked before they ended.
CREATE TABLE revoked_keys (
    jti        TEXT   NOT NULL PRIMARY KEY,
    why        TEXT   NOT NULL,
    revoked_at BIGINT NOT NULL
);
