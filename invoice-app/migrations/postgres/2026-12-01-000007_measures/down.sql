DELETE FROM differences WHERE kind = 'captured_twice';
ALTER TABLE differences DROP CONSTRAINT differences_kind_check;
ALTER TABLE differences ADD CONSTRAINT differences_kind_check CHECK (kind IN
    ('captured_not_paid', 'amount_differs', 'unknown_invoice', 'captured_void', 'paid_not_captured'));
DROP INDEX billing_runs_open;
DROP INDEX invoices_unknown;
ALTER TABLE invoices DROP COLUMN unknown_since;
