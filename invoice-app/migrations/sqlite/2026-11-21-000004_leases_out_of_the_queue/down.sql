-- The older program finds the end of a claim in the queue itself.
UPDATE invoices SET next_at = leased_until WHERE leased_until IS NOT NULL;
ALTER TABLE invoices DROP COLUMN leased_until;
