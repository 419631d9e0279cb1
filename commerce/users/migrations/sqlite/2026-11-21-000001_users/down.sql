DROP TABLE users; DROP TABLE idempotency_keys; DROP TABLE revoked_keys;
