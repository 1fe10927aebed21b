-- How many decisions there are of each level. Reads: decisions, all of them.
SELECT level, count(*) AS count FROM decisions GROUP BY level
