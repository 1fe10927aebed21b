-- What is counted of months, cell by cell, as text. Reads: rollup_hours, rollup_scores, rollup_rules.
-- $1: generation; $2: from this day on, $3: and before that.
SELECT concat_ws(' ', 'hour', to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24'), currency, outcome, level) AS cell,
       concat_ws(' ', count, trim_scale(amount), trim_scale(score)) AS value
FROM rollup_hours WHERE generation = $1 AND hour >= $2::date::timestamp AT TIME ZONE 'UTC' AND hour < $3::date::timestamp AT TIME ZONE 'UTC'
UNION ALL
SELECT concat_ws(' ', 'score', day, bucket), count::text
FROM rollup_scores WHERE generation = $1 AND day >= $2 AND day < $3
UNION ALL
SELECT concat_ws(' ', 'rule', day, rule, kind, outcome), count::text
FROM rollup_rules WHERE generation = $1 AND day >= $2 AND day < $3
