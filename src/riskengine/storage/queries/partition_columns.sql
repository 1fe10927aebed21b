-- The columns of a table, in order. Reads: pg_attribute, pg_type. $1: the table's name.
SELECT a.attname AS name, t.typname AS type
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
