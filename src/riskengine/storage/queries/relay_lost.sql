-- Takes pending transactions that no stream holds any more, and marks them as published now.
-- One at a time does so: who finds another at it takes nothing. Rows that somebody is about to decide are left to them.
-- Reads: transactions by primary key. Writes: pending (by published_at). Locks: the advisory lock $4.
-- $1: by partition, when the oldest message of its stream was published (NULL: the stream is empty). $2: published that long before
-- it, or before now, means that no stream holds it. $3: at most so many. $5: at most so many are looked at, the oldest ones: a long
-- backlog of one partition is not read to its end each time.
WITH mine AS MATERIALIZED (
    SELECT pg_try_advisory_xact_lock($4) AS mine
), oldest AS MATERIALIZED (
    SELECT transaction_id, published_at, bucket FROM pending
    WHERE (SELECT mine FROM mine) AND retry_at IS NULL
      AND published_at < (SELECT max(least(began, now())) FROM unnest($1::timestamptz[]) AS streams (began)) - $2::interval
    ORDER BY published_at LIMIT $5
), lost AS MATERIALIZED (
    SELECT transaction_id FROM oldest
    WHERE published_at < least(($1::timestamptz[])[bucket % cardinality($1::timestamptz[]) + 1], now()) - $2::interval
    ORDER BY published_at LIMIT $3
), taken AS (
    SELECT p.transaction_id
    FROM lost l CROSS JOIN LATERAL (
        SELECT transaction_id FROM pending WHERE transaction_id = l.transaction_id AND retry_at IS NULL
        FOR UPDATE SKIP LOCKED
    ) p
), marked AS (
    UPDATE pending SET published_at = clock_timestamp()
    WHERE transaction_id = ANY (ARRAY(SELECT transaction_id FROM taken))   -- so that it is read by its key, and never whole
    RETURNING transaction_id, created_at
)
SELECT t.transaction_id, t.account_id, t.amount, t.currency, t.occurred_at, t.merchant, t.merchant_category, t.location,
       t.latitude, t.longitude, t.country, t.channel, t.device_id, t.ip, t.beneficiary, t.card_bin
FROM marked JOIN transactions t USING (transaction_id, created_at)
