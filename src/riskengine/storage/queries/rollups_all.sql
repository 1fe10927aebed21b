-- A page of all decisions that a new generation begins with, in the order of their ids.
-- Reads: decisions by primary key. $1: the id after which it goes on, and $2: its time, which selects partitions; $3: only of
-- smaller decided_xid; $4: at most so many.
SELECT transaction_id, created_at FROM decisions
WHERE transaction_id > $1 AND created_at >= $2 AND decided_xid < $3
ORDER BY transaction_id
LIMIT $4
