-- The transactions that idempotency keys stand for.
-- Reads: idempotency_keys by primary key.
SELECT key_digest, transaction_id, content FROM idempotency_keys WHERE key_digest = ANY ($1::uuid[])
