-- What is to be executed again, in the order in which it was decided.
-- Reads: decisions created in [$1, $2) by primary key from $4 to $5, the first ids that transactions of these times could have;
-- where an account $3 is given, only its own, by way of transactions.
SELECT k.transaction_id, k.created_at
FROM (
    SELECT d.transaction_id, d.created_at, d.decided_at
    FROM decisions d
    WHERE $3::text IS NULL AND d.created_at >= $1 AND d.created_at < $2 AND d.transaction_id >= $4 AND d.transaction_id < $5
    UNION ALL
    SELECT d.transaction_id, d.created_at, d.decided_at
    FROM transactions t
    JOIN decisions d ON d.transaction_id = t.transaction_id AND d.created_at = t.created_at
    WHERE t.account_id = $3 AND t.created_at >= $1 AND t.created_at < $2 AND d.created_at >= $1 AND d.created_at < $2
) k
ORDER BY k.decided_at, k.transaction_id
