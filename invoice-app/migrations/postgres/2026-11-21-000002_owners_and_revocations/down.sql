DROP TABLE revoked_keys;
DROP INDEX invoices_customer;
DROP INDEX customers_user;
ALTER TABLE customers DROP COLUMN user_id;
