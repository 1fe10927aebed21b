-- The entries of a list that are there now, by value. Reads: list_entries by primary key.
-- Parameters: list, after this value (NULL: from the first), at most so many.
SELECT value, expires_at, note, added_by, added_at FROM list_entries
WHERE list = $1 AND removed_in IS NULL AND ($2::text IS NULL OR value > $2)
ORDER BY value
LIMIT $3
