-- The end of a claim, beside `next_at`: a claim changes no column that an index holds, so it writes no index entry.
ALTER TABLE invoices ADD COLUMN leased_until BIGINT CHECK (leased_until IS NULL OR state = 'CHARGING');
