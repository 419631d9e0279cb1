-- API keys that were revoked before they ended.
CREATE TABLE revoked_keys (
    jti        TEXT   NOT NULL PRIMARY KEY,
    why        TEXT   NOT NULL,
    revoked_at BIGINT NOT NULL
);
