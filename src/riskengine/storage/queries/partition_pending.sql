-- How many transactions accepted in [$1, $2) are not decided. Reads: pending, all of it.
SELECT count(*) AS count FROM pending WHERE created_at >= $1 AND created_at < $2
