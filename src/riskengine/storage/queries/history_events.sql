-- All that account histories are rebuilt from: attributes, place in the order, and the decided transactions in that order.
-- Reads: accounts by primary key; transactions by (account_id, created_at); decisions by primary key.
-- $1: account ids. $2: how far back from an account's newest transaction to read. $3: at most so many transactions each.
-- Returns: one row per transaction, newest first; an account without any gives one row of NULLs. Unknown accounts give none.
SELECT a.account_id, a.type, a.status, a.home_country, a.time_zone, a.opened_at, a.history_seq,
       e.transaction_id, e.amount, e.currency, e.occurred_at, e.merchant, e.merchant_category, e.location, e.latitude,
       e.longitude, e.country, e.channel, e.device_id, e.ip, e.beneficiary, e.card_bin, e.outcome, e.rates_version
FROM accounts a
LEFT JOIN LATERAL (
    SELECT t.*, d.account_sequence, d.outcome, d.rates_version
    FROM (SELECT n.created_at FROM transactions n WHERE n.account_id = a.account_id ORDER BY n.created_at DESC LIMIT 1) newest
    JOIN transactions t ON t.account_id = a.account_id AND t.created_at >= newest.created_at - $2::interval
    JOIN decisions d ON d.transaction_id = t.transaction_id AND d.created_at = t.created_at
                    AND d.created_at >= newest.created_at - $2::interval
    ORDER BY d.account_sequence DESC
    LIMIT $3
) e ON true
WHERE a.account_id = ANY ($1::text[])
ORDER BY a.account_id, e.account_sequence DESC
