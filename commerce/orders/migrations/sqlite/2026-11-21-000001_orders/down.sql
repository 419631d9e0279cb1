DROP TABLE orders; DROP TABLE idempotency_keys; DROP TABLE revoked_keys;
