-- The entries that came between two versions and still were there at the later one; its end in ms since the epoch.
-- Reads: list_entries by added_in. Parameters: earlier version (-1: from the beginning), later version.
SELECT list, value, (extract(epoch FROM expires_at) * 1000)::bigint AS expires_ms FROM list_entries
WHERE added_in > $1 AND added_in <= $2 AND (removed_in IS NULL OR removed_in > $2)
