-- A page of all transactions, newest first, with what was decided.
-- Reads: transactions and decisions by primary key. Nearly all are approved, so that the filter skips little.
-- $1 to $2: ids, the end not included; $3 to $4: their times, which select partitions; $5: at most so many;
-- $6: outcome (only `approve` is worth asking for here), or NULL for any.
SELECT t.*, d.outcome, d.score, d.level
FROM transactions t
LEFT JOIN decisions d
  ON d.transaction_id = t.transaction_id AND d.created_at = t.created_at AND d.created_at BETWEEN $3 AND $4
WHERE t.created_at BETWEEN $3 AND $4 AND t.transaction_id >= $1 AND t.transaction_id < $2
  AND ($6::text IS NULL OR d.outcome = $6)
ORDER BY t.transaction_id DESC
LIMIT $5
