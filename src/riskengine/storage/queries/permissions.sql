-- What the user of this connection may do with our tables. Reads: pg_class, pg_namespace, pg_inherits, settings of the server.
-- Returns: `takes_writes`: false of a replica, or where transactions only read; `creates`: new tables beside ours; `unusable`: tables
-- that it may not read or add to; `foreign_tables`: partitioned tables and partitions of others, whom alone they obey.
WITH ours AS (
    SELECT c.oid, c.relname, c.relowner, c.relkind = 'p' OR c.relispartition AS monthly
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
      AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'transactions'::regclass)
)
SELECT current_user AS name,
       NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS takes_writes,
       (SELECT has_schema_privilege(relnamespace, 'CREATE') FROM pg_class WHERE oid = 'transactions'::regclass) AS creates,
       ARRAY(SELECT relname FROM ours WHERE NOT (has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT'))
             ORDER BY relname)::text[] AS unusable,
       ARRAY(SELECT relname FROM ours WHERE monthly AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname)::text[]
           AS foreign_tables
