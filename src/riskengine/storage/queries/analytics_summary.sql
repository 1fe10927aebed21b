-- Freshness: 60 s
-- A day and the one before, by currency, outcome and level. Reads: rollup_hours by primary key. $1: the day (UTC).
-- Returns: at least one row, of NULLs but for as_of, so that it is known how far that is.
SELECT s.as_of, h.day, h.currency, h.outcome, h.level, h.count, h.amount, h.score
FROM rollups s LEFT JOIN (
    SELECT generation, (hour AT TIME ZONE 'UTC')::date AS day, currency, outcome, level, sum(count)::bigint AS count,
           sum(amount) AS amount, sum(score) AS score
    FROM rollup_hours
    WHERE generation = (SELECT generation FROM rollups)
      AND hour >= ($1::date - 1)::timestamp AT TIME ZONE 'UTC' AND hour < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY 1, 2, 3, 4, 5
) h USING (generation)
