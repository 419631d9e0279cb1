DROP TABLE notifications; DROP TABLE recipients; DROP TABLE idempotency_keys; DROP TABLE revoked_keys;
