-- The partitions of months before $1 (YYYY_MM) of which some pages may hold rows that are not frozen. Reads: pg_inherits, pg_class.
-- Each vacuum of them freezes what it makes all-visible (relallvisible, since relallfrozen is of PostgreSQL 18). A table that was never vacuumed has no count of its pages yet, so its size is looked at.
SELECT c.oid::regclass::text AS name
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent IN ('transactions'::regclass, 'decisions'::regclass) AND NOT i.inhdetachpending
  AND substring(c.relname FROM '\d{4}_\d{2}$') < $1::text
  AND c.relallvisible < pg_relation_size(c.oid) / current_setting('block_size')::int8
ORDER BY c.relname
