-- The accounts that have transactions created in [$1, $2); where an account $3 is given, only that one.
-- Reads: transactions, in the partitions of that time.
SELECT DISTINCT account_id FROM transactions
WHERE created_at >= $1 AND created_at < $2 AND ($3::text IS NULL OR account_id = $3)
ORDER BY account_id
