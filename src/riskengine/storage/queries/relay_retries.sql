-- Takes pending transactions whose next try is due, and marks them as published now.
-- One at a time does so: who finds another at it takes nothing.
-- Reads: transactions by primary key. Writes: pending (by retry_at). Locks: the advisory lock $2. $1: at most so many.
WITH mine AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock($2) AS mine
), due AS (
    SELECT transaction_id FROM pending
    WHERE (SELECT mine FROM mine) AND retry_at <= now()
    ORDER BY retry_at LIMIT $1 FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE pending p SET published_at = clock_timestamp(), retry_at = NULL FROM due
    WHERE p.transaction_id = due.transaction_id
    RETURNING p.transaction_id, p.created_at
)
SELECT t.transaction_id, t.account_id, t.amount, t.currency, t.occurred_at, t.merchant, t.merchant_category, t.location,
       t.latitude, t.longitude, t.country, t.channel, t.device_id, t.ip, t.beneficiary, t.card_bin
FROM marked JOIN transactions t USING (transaction_id, created_at)
