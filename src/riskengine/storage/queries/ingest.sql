-- Stores new transactions: all of the input whose idempotency key is new, each with its row in the outbox.
-- Writes: idempotency_keys, transactions, pending.
-- Keys are inserted in order, so that concurrent statements that share keys queue up instead of deadlocking.
-- Returns: the ids stored. An input that is missing from them met an older key (see idempotency_find.sql).
WITH input AS (
    SELECT i.*,
           timestamptz 'epoch' + created_ms * interval '1 millisecond'  AS created_at,
           timestamptz 'epoch' + occurred_ms * interval '1 millisecond' AS occurred_at
    FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::int8[],
                $10::text[], $11::text[], $12::text[], $13::float8[], $14::float8[], $15::text[], $16::text[], $17::text[],
                $18::text[], $19::text[], $20::text[], $21::text[])
         AS i (transaction_id, created_ms, key_digest, content, idempotency_key, account_id, amount, currency, occurred_ms,
               merchant, merchant_category, location, latitude, longitude, country, channel, device_id, ip,
               beneficiary, metadata, card_bin)
), keys AS (
    INSERT INTO idempotency_keys (key_digest, transaction_id, content)
    SELECT key_digest, transaction_id, content FROM input ORDER BY key_digest
    ON CONFLICT (key_digest) DO NOTHING
    RETURNING transaction_id
), fresh AS (
    SELECT input.* FROM input JOIN keys USING (transaction_id)
), stored AS (
    INSERT INTO transactions (transaction_id, created_at, account_id, amount, currency, occurred_at, merchant,
                              merchant_category, location, latitude, longitude, country, channel, device_id, ip,
                              beneficiary, card_bin, metadata, idempotency_key)
    SELECT transaction_id, created_at, account_id, amount, currency, occurred_at, merchant, merchant_category, location,
           latitude, longitude, country, channel, device_id, ip, beneficiary, card_bin, metadata::jsonb, idempotency_key
    FROM fresh
), queued AS (
    INSERT INTO pending (transaction_id, created_at, published_at, bucket)
    SELECT transaction_id, created_at, clock_timestamp(), account_bucket(account_id) FROM fresh
)
SELECT transaction_id FROM keys
