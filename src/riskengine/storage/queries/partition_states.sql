-- The tables of months, oldest first, those that no query sees included. Reads: pg_class, pg_inherits.
-- Returns: `attached`: queries see it; `detaching`: to take it out was begun and interrupted; `rows` by the last analysis.
SELECT substring(c.relname FROM '^(.*)_\d{4}_\d{2}$') AS parent, substring(c.relname FROM '\d{4}_\d{2}$') AS month,
       i.inhrelid IS NOT NULL AND NOT i.inhdetachpending AS attached, coalesce(i.inhdetachpending, false) AS detaching,
       greatest(c.reltuples, 0)::int8 AS rows, pg_total_relation_size(c.oid) AS size
FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relkind = 'r' AND c.relname ~ '^(transactions|decisions)_\d{4}_\d{2}$'
  AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'transactions'::regclass)
ORDER BY month, parent
