-- How much may be sent with an API key: transactions a second on average, and at once. NULL: without limit.

ALTER TABLE api_keys
    ADD COLUMN rate  integer CHECK (rate BETWEEN 1 AND 1000000),
    ADD COLUMN burst integer CHECK (burst BETWEEN 1 AND 1000000),
    ADD CHECK ((rate IS NULL) = (burst IS NULL));
