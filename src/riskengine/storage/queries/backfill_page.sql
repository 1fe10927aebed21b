-- A page of decided transactions in the order of their ids, which is that of time, with what their decisions made of them.
-- Reads: transactions and decisions by primary key, in the partitions from $1 to $2 (created_at).
-- $1 to $2: times of creation; $3: the id after which it goes on; $4: only what was decided before; $5: at most so many.
SELECT t.*, d.outcome, d.rates_version
FROM transactions t JOIN decisions d USING (transaction_id, created_at)
WHERE t.created_at BETWEEN $1 AND $2 AND d.created_at BETWEEN $1 AND $2 AND t.transaction_id > $3 AND d.decided_at < $4
ORDER BY t.transaction_id
LIMIT $5
