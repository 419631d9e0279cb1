-- Who registered. Ids are UUIDv7 and compared byte by byte: in their order is in the order of time.
CREATE TABLE users (
    id            TEXT   NOT NULL PRIMARY KEY,
    name          TEXT   NOT NULL,
    email         TEXT   NOT NULL,
    currency      TEXT   NOT NULL,
    locale        TEXT   NOT NULL,
    time_zone     TEXT   NOT NULL,
    -- Grows with each change; it orders what the others are told.
    version       BIGINT NOT NULL CHECK (version > 0),
    registered_at BIGINT NOT NULL
) WITHOUT ROWID;

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

-- API keys that were revoked before they ended.
CREATE TABLE revoked_keys (
    jti        TEXT   NOT NULL PRIMARY KEY,
    why        TEXT   NOT NULL,
    revoked_at BIGINT NOT NULL
) WITHOUT ROWID;
