-- Whose customer it is: an API key of this user sees it and its invoices, and nothing else.
ALTER TABLE customers ADD COLUMN user_id TEXT;
CREATE INDEX customers_user ON customers (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX invoices_customer ON invoices (customer_id, id);

-- API keys that were revoked before they ended.
CREATE TABLE revoked_keys (
    jti        TEXT   NOT NULL PRIMARY KEY,
    why        TEXT   NOT NULL,
    revoked_at BIGINT NOT NULL
);
