-- What gauges read every few seconds, at the same price however many rows there are.

-- Since when an attempt's outcome is unknown: when it was asked about for the first time. No claim changes it, so
-- claims write no entry of its index.
ALTER TABLE invoices ADD COLUMN unknown_since BIGINT CHECK (unknown_since IS NULL OR state = 'CHARGING');
CREATE INDEX invoices_unknown ON invoices (unknown_since) WHERE unknown_since IS NOT NULL;
-- Runs that have not ended, paused ones too.
CREATE INDEX billing_runs_open ON billing_runs (id) WHERE ended_at IS NULL;
-- The provider lists more than one capture of an invoice.
ALTER TABLE differences DROP CONSTRAINT differences_kind_check;
ALTER TABLE differences ADD CONSTRAINT differences_kind_check CHECK (kind IN
    ('captured_not_paid', 'amount_differs', 'unknown_invoice', 'captured_void', 'paid_not_captured', 'captured_twice'));
