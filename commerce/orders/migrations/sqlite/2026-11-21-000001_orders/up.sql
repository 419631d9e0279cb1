-- What was ordered. Ids are UUIDv7 and compared byte by byte: in their order is in the order of time.
CREATE TABLE orders (
    id          TEXT   NOT NULL PRIMARY KEY,
    user_id     TEXT   NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount > 0),
    currency    TEXT   NOT NULL,
    description TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('PLACED', 'CANCELLING', 'CONFIRMED', 'REJECTED', 'CANCELLED')),
    -- Why it was not charged.
    reason      TEXT   CHECK ((reason IS NOT NULL) = (state IN ('REJECTED', 'CANCELLED'))),
    -- Grows with each change; it orders what the others are told.
    version     BIGINT NOT NULL CHECK (version > 0),
    placed_at   BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX orders_user ON orders (user_id, id);
CREATE INDEX orders_state ON orders (state, id);

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
