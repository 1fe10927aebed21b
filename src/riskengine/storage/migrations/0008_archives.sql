-- Which months were archived, and how their partitions are vacuumed.

-- A month whose rows lie in files; what these hold is said by their manifest, for which its digest vouches.
CREATE TABLE archives (
    month           date PRIMARY KEY CHECK (extract(day FROM month) = 1),
    directory       text        NOT NULL,
    manifest_sha256 text        NOT NULL,
    transactions    bigint      NOT NULL,
    decisions       bigint      NOT NULL,
    archived_at     timestamptz NOT NULL
);

-- Partitions that exist get what partition_create.sql gives new ones.
DO $$
DECLARE
    partition regclass;
BEGIN
    FOR partition IN
        SELECT inhrelid FROM pg_inherits WHERE inhparent IN ('transactions'::regclass, 'decisions'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s SET (autovacuum_vacuum_insert_scale_factor = 0.05, '
                       'autovacuum_analyze_scale_factor = 0.05, autovacuum_freeze_min_age = 0)', partition);
    END LOOP;
END $$;
