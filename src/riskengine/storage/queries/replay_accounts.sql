-- The accounts that have transactions created in [$1, $2); where an account $3 is given, only that one.
-- Reads: transactions by primary key from $4 to $5, the first ids that transactions of these times could have.
SELECT DISTINCT account_id FROM transactions
WHERE created_at >= $1 AND created_at < $2 AND transaction_id >= $4 AND transaction_id < $5 AND ($3::text IS NULL OR account_id = $3)
ORDER BY account_id
