-- Decisions and their transactions, in the order of the keys given.
-- Reads: decisions and transactions by primary key. $1: transaction ids. $2: when each was created.
-- Returns: one row per decision; `amount` is NULL where the transaction is missing.
SELECT d.*, t.amount, t.currency, t.occurred_at, t.merchant, t.merchant_category, t.location, t.latitude, t.longitude,
       t.country, t.channel, t.device_id, t.ip, t.beneficiary, t.card_bin
FROM unnest($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS k (transaction_id, created_at, place)
JOIN decisions d ON d.transaction_id = k.transaction_id AND d.created_at = k.created_at
LEFT JOIN transactions t ON t.transaction_id = k.transaction_id AND t.created_at = k.created_at
ORDER BY k.place
