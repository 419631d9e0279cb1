-- The ledger holds more than the schema before it can: going back would lose movements of money.
SELECT 'restore a backup to go back' AS refused FROM charges_1;
