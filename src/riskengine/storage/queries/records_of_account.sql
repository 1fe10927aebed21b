-- A page of one account's transactions, newest first, with what was decided.
-- Plan: once. Any arguments are best served by the same indexes, and months are chosen when it runs.
-- Reads: transactions by (account_id, created_at), decisions by primary key. Both tables have the bounds: the planner does not
-- conclude from one to the other, and would plan for every month.
-- $1 to $2: ids, the end not included; $3 to $4: their times, which select partitions; $5: at most so many;
-- $6: account; $7: only pending ones; $8: outcome, or NULL for any.
SELECT t.*, d.outcome, d.score, d.level
FROM transactions t
LEFT JOIN decisions d
  ON d.transaction_id = t.transaction_id AND d.created_at = t.created_at AND d.created_at BETWEEN $3 AND $4
WHERE t.account_id = $6
  AND t.created_at BETWEEN $3 AND $4 AND t.transaction_id >= $1 AND t.transaction_id < $2
  AND (NOT $7::boolean OR d.transaction_id IS NULL)
  AND ($8::text IS NULL OR d.outcome = $8)
ORDER BY t.created_at DESC, t.transaction_id DESC
LIMIT $5
