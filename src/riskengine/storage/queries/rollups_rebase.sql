-- Makes the ids of this server's transactions go on from those that a restored database has.
-- Reads: decisions by decided_xid, which nobody else may write to now. Writes: rollups.
-- Returns: what the default of decisions.decided_xid has to add.
WITH stand AS (
    SELECT greatest(coalesce((SELECT max(decided_xid) FROM decisions), 0) + 1 - pg_snapshot_xmin(s.taken)::text::bigint, 0) AS added,
           pg_snapshot_xmin(s.taken)::text::bigint AS oldest, c.system_identifier
    FROM (SELECT pg_current_snapshot() AS taken) s, pg_control_system() c
)
UPDATE rollups
SET server = system_identifier, xid_offset = added, position = oldest + added, mark_xid = NULL, mark_at = NULL, whole = false
FROM stand
RETURNING xid_offset
