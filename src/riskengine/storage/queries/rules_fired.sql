-- How often each rule fired, the most frequent first. Reads: decisions, all of them.
SELECT rule, count(*) AS count FROM decisions, unnest(rules) AS rule GROUP BY rule ORDER BY count DESC, rule
