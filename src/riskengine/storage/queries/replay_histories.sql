-- The decided transactions of accounts, each account's in its own order: up to the last one created in [$3, $4).
-- Reads: transactions by (account_id, created_at) since $2; decisions by primary key. $1: account ids.
-- Returns: one row per transaction; `features` only where it was created in [$3, $4), NULL for what only leads there.
SELECT * FROM (
    SELECT t.transaction_id, t.account_id, t.amount, t.currency, t.occurred_at, t.merchant, t.merchant_category, t.location,
           t.latitude, t.longitude, t.country, t.channel, t.device_id, t.ip, t.beneficiary, t.card_bin, d.account_sequence,
           d.outcome, d.catalogue_version, d.rates_version,
           CASE WHEN t.created_at >= $3 AND t.created_at < $4 THEN d.features END AS features,
           max(d.account_sequence) FILTER (WHERE t.created_at >= $3 AND t.created_at < $4)
               OVER (PARTITION BY t.account_id) AS last
    FROM transactions t
    JOIN decisions d ON d.transaction_id = t.transaction_id AND d.created_at = t.created_at
    WHERE t.account_id = ANY ($1::text[]) AND t.created_at >= $2 AND d.created_at >= $2
) r
WHERE r.account_sequence <= r.last
ORDER BY r.account_id, r.account_sequence
