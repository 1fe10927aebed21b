-- Says how far the rollups are now. Writes: rollups.
-- $1: all of smaller decided_xid are counted; $2: all decided by then; $3 and $4: the next mark, or NULLs.
UPDATE rollups SET position = $1, as_of = $2, mark_xid = $3, mark_at = $4
