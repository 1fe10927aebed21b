-- What an account's decided transactions of the last 30 days add up to: by window, and what was used most.
-- Reads: transactions by (account_id, created_at), decisions by primary key, both in the partitions of 30 days.
-- $1: account; $2: now; $3: transactions read at most, the newest; $4: how many of what was used most.
-- Returns: rows of parts. `seen`: how many were read. `window` (name: hours): count, mean and highest score. `outcome`
-- (name: hours, value: outcome) and `amount` (value: currency, amount: sum): of a window. merchant, country, device (value).
WITH recent AS MATERIALIZED (
    SELECT t.created_at, t.currency, t.amount, t.merchant, t.country, t.device_id, d.outcome, d.score
    FROM transactions t CROSS JOIN LATERAL (
        SELECT outcome, score FROM decisions WHERE transaction_id = t.transaction_id AND created_at = t.created_at LIMIT 1
    ) d
    WHERE t.account_id = $1 AND t.created_at > $2::timestamptz - interval '30 days' AND t.created_at <= $2
    ORDER BY t.created_at DESC
    LIMIT $3
), windows AS MATERIALIZED (
    SELECT hours, r.* FROM unnest(ARRAY[24, 168, 720]) AS w (hours)
    JOIN recent r ON r.created_at > $2::timestamptz - hours * interval '1 hour'
), used AS (
    SELECT u.part, u.value, count(*) AS count, row_number() OVER (PARTITION BY u.part ORDER BY count(*) DESC, u.value) AS place
    FROM recent, LATERAL (VALUES ('merchant', merchant), ('country', country), ('device', device_id)) AS u (part, value)
    WHERE u.value IS NOT NULL
    GROUP BY u.part, u.value
)
SELECT 'seen' AS part, NULL::int AS hours, NULL::text AS value, count(*) AS count, NULL::numeric AS amount,
       NULL::float8 AS mean, NULL::float8 AS highest, 0::bigint AS place
FROM recent
UNION ALL
SELECT 'window', hours, NULL, count(*), NULL, (sum(score::numeric) / count(*))::float8, max(score), 0 FROM windows GROUP BY hours
UNION ALL
SELECT 'outcome', hours, outcome, count(*), NULL, NULL, NULL, 0 FROM windows GROUP BY hours, outcome
UNION ALL
SELECT 'amount', hours, currency, count(*), sum(amount), NULL, NULL, 0 FROM windows GROUP BY hours, currency
UNION ALL
SELECT part, NULL, value, count, NULL, NULL, NULL, place FROM used WHERE place <= $4
ORDER BY part, hours, place, value
