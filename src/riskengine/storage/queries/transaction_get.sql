-- One transaction with its decision, if there is one.
-- Reads: transactions, decisions by primary key, in the one partition that $2 (the id's own time) lies in.
SELECT t.*, d.outcome, d.score, d.level
FROM transactions t LEFT JOIN decisions d ON d.transaction_id = $1 AND d.created_at = $2
WHERE t.transaction_id = $1 AND t.created_at = $2
