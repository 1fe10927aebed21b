-- Default partitions, which are none of ours: what is in one keeps the month of its rows from being made.
-- Reads: pg_partitioned_table, pg_class. Returns: their names; `rows` by the last analysis.
SELECT c.oid::regclass::text AS name, greatest(c.reltuples, 0)::int8 AS rows
FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partdefid
WHERE p.partrelid IN ('transactions'::regclass, 'decisions'::regclass)
ORDER BY name
