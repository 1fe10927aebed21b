-- A page of pending transactions, newest first.
-- Reads: pending and transactions by primary key.
-- $1 to $2: ids, the end not included; $3 to $4: their times, which select partitions; $5: at most so many.
SELECT t.*, NULL::text AS outcome, NULL::float8 AS score, NULL::text AS level
FROM pending p JOIN transactions t USING (transaction_id, created_at)
WHERE p.transaction_id >= $1 AND p.transaction_id < $2 AND t.created_at BETWEEN $3 AND $4
ORDER BY p.transaction_id DESC
LIMIT $5
