-- A page of all transactions, newest first, with what was decided.
-- Reads: transactions and decisions by primary key. Nearly all are approved, so that the filter skips little.
-- $1 to $2: ids, the end not included; $3 to $4: their times, which select partitions; $5: at most so many;
-- $6: outcome (only `approve` is worth asking for here), or NULL for any.
SELECT t.*, d.outcome, d.score, d.level
FROM transactions t LEFT JOIN decisions d USING (transaction_id, created_at)
WHERE t.created_at BETWEEN $3 AND $4 AND t.transaction_id >= $1 AND t.transaction_id < $2
  AND ($6::text IS NULL OR d.outcome = $6)
ORDER BY t.transaction_id DESC
LIMIT $5
