DROP TABLE idempotency_keys;
DROP TABLE run_tallies;
DROP TABLE attempts;
DROP TABLE invoices;
DROP TABLE billing_runs;
DROP TABLE customers;
