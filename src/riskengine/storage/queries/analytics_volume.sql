-- Freshness: 60 s
-- Decisions of days and the sums of their amounts, by hour or day and by currency. Reads: rollup_hours by primary key.
-- $1 to $2: days (UTC), both included; $3: `hour` or `day`. Returns: at least one row, of NULLs but for as_of.
SELECT s.as_of, h.start, h.currency, h.count, h.amount
FROM rollups s LEFT JOIN (
    SELECT generation, date_trunc($3, hour, 'UTC') AS start, currency, sum(count)::bigint AS count, sum(amount) AS amount
    FROM rollup_hours
    WHERE generation = (SELECT generation FROM rollups)
      AND hour >= $1::date::timestamp AT TIME ZONE 'UTC' AND hour < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2, 3
) h USING (generation)
ORDER BY h.start, h.currency
