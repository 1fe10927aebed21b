-- Freshness: 60 s
-- Decisions of days by score, by level and by outcome. Reads: rollup_scores, rollup_hours by primary key.
-- $1 to $2: days (UTC), both included. Returns: at least one row, of NULLs but for as_of.
SELECT s.as_of, r.part, r.name, r.count
FROM rollups s LEFT JOIN (
    SELECT 'bucket' AS part, bucket::text AS name, sum(count)::bigint AS count
    FROM rollup_scores
    WHERE generation = (SELECT generation FROM rollups) AND day BETWEEN $1::date AND $2::date
    GROUP BY bucket
    UNION ALL
    SELECT CASE WHEN grouping(level) = 0 THEN 'level' ELSE 'outcome' END, coalesce(level, outcome), sum(count)::bigint
    FROM rollup_hours
    WHERE generation = (SELECT generation FROM rollups)
      AND hour >= $1::date::timestamp AT TIME ZONE 'UTC' AND hour < ($2::date + 1)::timestamp AT TIME ZONE 'UTC'
    GROUP BY GROUPING SETS (level, outcome)
) r ON true
