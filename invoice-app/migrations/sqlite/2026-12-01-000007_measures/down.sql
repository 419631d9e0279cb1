ALTER TABLE differences RENAME TO old_differences;
DROP INDEX differences_open;
CREATE TABLE differences (
    invoice_uid TEXT   NOT NULL,
    kind        TEXT   NOT NULL CHECK (kind IN
        ('captured_not_paid', 'amount_differs', 'unknown_invoice', 'captured_void', 'paid_not_captured')),
    amount      BIGINT NOT NULL,
    currency    TEXT   NOT NULL,
    state       TEXT   NOT NULL CHECK (state IN ('open', 'repaired', 'parked')),
    found_at    BIGINT NOT NULL,
    PRIMARY KEY (invoice_uid, kind)
);
INSERT INTO differences SELECT * FROM old_differences WHERE kind <> 'captured_twice';
DROP TABLE old_differences;
CREATE INDEX differences_open ON differences (found_at) WHERE state = 'open';
DROP INDEX billing_runs_open;
DROP INDEX invoices_unknown;
ALTER TABLE invoices DROP COLUMN unknown_since;
