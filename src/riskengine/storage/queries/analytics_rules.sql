-- Freshness: 60 s
-- The rules that fired most often in decisions of days, by outcome, and how many decisions there were.
-- Reads: rollup_rules, rollup_scores by primary key. $1 to $2: days (UTC), both included; $3: at most so many rules.
-- Returns: at least one row, of NULLs but for as_of and decisions.
WITH counted AS (
    SELECT rule, kind, outcome, sum(count)::bigint AS count
    FROM rollup_rules
    WHERE generation = (SELECT generation FROM rollups) AND day BETWEEN $1::date AND $2::date
    GROUP BY rule, kind, outcome
), top AS (
    SELECT rule, coalesce(sum(count) FILTER (WHERE kind = 'fired'), 0) AS fired FROM counted GROUP BY rule ORDER BY fired DESC, rule LIMIT $3
)
SELECT s.as_of,
       (SELECT coalesce(sum(count), 0)::bigint FROM rollup_scores
        WHERE generation = s.generation AND day BETWEEN $1::date AND $2::date) AS decisions,
       c.rule, c.kind, c.outcome, c.count
FROM rollups s LEFT JOIN (SELECT * FROM counted JOIN top USING (rule)) c ON true
ORDER BY c.fired DESC, c.rule
