-- The entries that were there at a version and no more at a later one. Reads: list_entries by removed_in.
-- Parameters: earlier version, later version.
SELECT list, value FROM list_entries WHERE removed_in > $1 AND removed_in <= $2 AND added_in <= $1
