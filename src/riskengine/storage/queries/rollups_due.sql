-- Decisions that are not counted yet, in the order of the transactions of PostgreSQL that stored them.
-- Reads: decisions by decided_xid. $1 to $2: ids, the end not included; $3: at most so many.
SELECT transaction_id, created_at, decided_xid FROM decisions WHERE decided_xid >= $1 AND decided_xid < $2 ORDER BY decided_xid LIMIT $3
