-- Makes the ids of this server's transactions go on from those that a restored database has, archives of it included.
-- Reads: decisions by decided_xid, which nobody else may write to now. Writes: rollups.
-- Returns: what the default of decisions.decided_xid has to add.
WITH stand AS (
    SELECT greatest(r.position, coalesce((SELECT max(decided_xid) FROM decisions), 0) + 1) AS next,
           pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest, c.system_identifier
    FROM rollups r, pg_control_system() c
)
UPDATE rollups
SET server = system_identifier, xid_offset = greatest(next - oldest, 0), position = greatest(next, oldest), mark_xid = NULL,
    mark_at = NULL, whole = false
FROM stand
RETURNING xid_offset
