-- The checks of a table that only say which month it is for: needless while it is a partition. Reads: pg_constraint.
-- $1: the table's name.
SELECT conname AS name FROM pg_constraint
WHERE conrelid = $1::text::regclass AND contype = 'c' AND conislocal
  AND conkey = ARRAY[(SELECT attnum FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = 'created_at')]
