-- A page of transactions that were not approved, newest first.
-- Reads: decisions by (outcome, created_at), of which only such rows are indexed; transactions by primary key.
-- $1 to $2: ids, the end not included; $3 to $4: their times, which select partitions; $5: at most so many; $6: outcome.
SELECT t.*, d.outcome, d.score, d.level
FROM decisions d JOIN transactions t USING (transaction_id, created_at)
WHERE d.outcome = $6 AND d.outcome <> 'approve'
  AND d.created_at BETWEEN $3 AND $4 AND t.created_at BETWEEN $3 AND $4 AND d.transaction_id >= $1 AND d.transaction_id < $2
ORDER BY d.created_at DESC, d.transaction_id DESC
LIMIT $5
