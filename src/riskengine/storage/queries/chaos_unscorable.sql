-- Stores a transaction that no client could send: its amount is no number, so scoring cannot take it. Only for chaos.
-- Writes: idempotency_keys, transactions, pending. $1: its id. $2: created_at. $3: its account. $4: its idempotency key.
WITH keys AS (
    INSERT INTO idempotency_keys (key_digest, transaction_id, content) VALUES ($1, $1, $1)
), stored AS (
    INSERT INTO transactions (transaction_id, created_at, account_id, amount, currency, occurred_at, idempotency_key)
    VALUES ($1, $2, $3, 'NaN', 'EUR', $2, $4)
)
INSERT INTO pending (transaction_id, created_at, published_at, bucket)
VALUES ($1, $2, timestamptz 'epoch', account_bucket($3))
