-- Every verdict, for ever, under the caller's key: asked again, the same key gets the same answer.
CREATE TABLE charges (
    key          TEXT    NOT NULL PRIMARY KEY,
    invoice      TEXT    NOT NULL,
    customer     TEXT    NOT NULL,
    amount       BIGINT  NOT NULL CHECK (amount > 0),
    currency     TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    verdict      TEXT    NOT NULL CHECK (verdict IN ('captured', 'declined', 'already_captured')),
    decline_code TEXT    CHECK ((decline_code IS NOT NULL) = (verdict = 'declined')),
    captured_by  TEXT    CHECK ((captured_by IS NOT NULL) = (verdict = 'already_captured')),
    decided_at   BIGINT  NOT NULL
) WITHOUT ROWID;

-- One row per invoice: a second capture is impossible, under any key.
CREATE TABLE captures (
    invoice     TEXT    NOT NULL PRIMARY KEY,
    key         TEXT    NOT NULL UNIQUE REFERENCES charges (key) DEFERRABLE INITIALLY DEFERRED,
    amount      BIGINT  NOT NULL CHECK (amount > 0),
    currency    TEXT    NOT NULL,
    captured_at BIGINT  NOT NULL
) WITHOUT ROWID;
