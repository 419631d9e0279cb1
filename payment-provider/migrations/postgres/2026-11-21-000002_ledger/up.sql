-- From "what was captured" to a ledger of all movements. The program before this one cannot serve this schema: nothing
-- is in production yet, so the change is made in one step.

-- Every decision, for ever, under the caller's key: asked again, the same key gets the same answer.
-- Keys are compared byte by byte ("C"): no language's rules apply to them, and no comparison is cheaper.
ALTER INDEX charges_pkey RENAME TO charges_1_pkey;
ALTER TABLE charges RENAME TO charges_1;
CREATE TABLE charges (
    key          TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    invoice      TEXT    CHECK ((invoice IS NULL) = (decision = 'abandoned')),
    customer     TEXT    CHECK ((customer IS NULL) = (decision = 'abandoned')),
    amount       BIGINT  CHECK (amount > 0 AND (amount IS NULL) = (decision = 'abandoned')),
    currency     TEXT    CHECK ((currency IS NULL) = (decision = 'abandoned')),
    method       TEXT    CHECK ((method IS NULL) = (decision = 'abandoned')),
    decision     TEXT    NOT NULL
                 CHECK (decision IN ('approved', 'declined', 'unknown_customer', 'currency_mismatch', 'abandoned')),
    decline_code TEXT    CHECK ((decline_code IS NOT NULL) = (decision = 'declined')),
    decided_at   BIGINT  NOT NULL
);

-- The balance of each customer who has one. The other accounts have no row: one balance that every charge
-- changes would make all charges wait for each other.
CREATE TABLE wallets (
    customer  TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    currency  TEXT   NOT NULL,
    balance   BIGINT NOT NULL CHECK (balance >= 0),
    opened_at BIGINT NOT NULL
);

-- Every movement of money: one row takes an amount from one account and gives it to another, so all of them add up
-- to zero. The primary key makes a second capture of an invoice impossible, under any key, and a second deposit
-- under the same key.
CREATE TABLE transfers (
    kind      TEXT   COLLATE "C" NOT NULL,
    reference TEXT   COLLATE "C" NOT NULL,
    charge    TEXT   CHECK ((charge IS NOT NULL) = (kind = 'capture')),
    debit     TEXT   COLLATE "C" NOT NULL,
    credit    TEXT   COLLATE "C" NOT NULL,
    amount    BIGINT NOT NULL CHECK (amount > 0),
    currency  TEXT   NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (reference, kind),
    CHECK ((kind = 'capture' AND (debit = 'acquirer' OR debit LIKE 'wallet/%') AND credit IN ('merchant/antaeus', 'merchant/compat'))
        OR (kind = 'deposit' AND debit = 'funding' AND credit LIKE 'wallet/%'))
);
CREATE INDEX transfers_at ON transfers (at);
CREATE INDEX transfers_from_wallet ON transfers (debit, at) WHERE debit >= 'wallet/';
CREATE INDEX transfers_to_wallet ON transfers (credit, at) WHERE credit >= 'wallet/';

-- The ledger as a book-keeper reads it: two entries per movement.
CREATE VIEW entries AS
SELECT debit AS account, kind, reference, -amount AS amount, currency, at FROM transfers
UNION ALL
SELECT credit, kind, reference, amount, currency, at FROM transfers;

INSERT INTO charges
SELECT key, invoice, customer, amount, currency, method,
       CASE verdict WHEN 'declined' THEN 'declined' ELSE 'approved' END, decline_code, decided_at
FROM charges_1;
INSERT INTO transfers
SELECT 'capture', invoice, key, 'acquirer',
       CASE WHEN key LIKE 'compat:%' THEN 'merchant/compat' ELSE 'merchant/antaeus' END, amount, currency, captured_at
FROM captures;
DROP TABLE captures;
DROP TABLE charges_1;

-- What was decided and what was moved is never changed: the trigger says so to everybody, the grant to this role.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: correct a movement by another one', TG_TABLE_NAME;
END $$;
CREATE TRIGGER charges_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON charges
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON charges, transfers FROM CURRENT_USER, PUBLIC;
