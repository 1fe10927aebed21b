-- Takes transactions that wait for a decision and are on no stream, and marks them as published now.
-- Reads: transactions by primary key. Writes: pending (by published_at).
-- $1: published before this moment means that the stream no longer holds it. $2: at most so many.
WITH due AS (
    SELECT transaction_id FROM pending WHERE published_at < $1 ORDER BY published_at LIMIT $2 FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE pending p SET published_at = clock_timestamp() FROM due WHERE p.transaction_id = due.transaction_id
    RETURNING p.transaction_id, p.created_at
)
SELECT t.transaction_id, t.account_id, t.amount, t.currency, t.occurred_at, t.merchant, t.merchant_category, t.location,
       t.latitude, t.longitude, t.country, t.channel, t.device_id, t.ip, t.beneficiary, t.card_bin
FROM marked JOIN transactions t USING (transaction_id, created_at)
