-- One decision. Reads: decisions by primary key, in the one partition that $2 (the id's own time) lies in.
SELECT * FROM decisions WHERE transaction_id = $1 AND created_at = $2
