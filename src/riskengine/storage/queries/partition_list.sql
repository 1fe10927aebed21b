-- The months that have partitions, as YYYY_MM, oldest first. Reads: pg_inherits, pg_class.
SELECT substring(c.relname FROM '\d{4}_\d{2}$') AS month
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'transactions'::regclass
ORDER BY month
