-- Ends a list with all its entries. Writes: lists, list_entries. Parameters: name, version it goes in.
-- Returns: how many entries ended; no row if there is no such list.
WITH ended AS (
    UPDATE lists SET removed_in = $2 WHERE name = $1 AND removed_in IS NULL RETURNING name
), emptied AS (
    UPDATE list_entries SET removed_in = $2 WHERE list = $1 AND removed_in IS NULL RETURNING value
)
SELECT (SELECT count(*) FROM emptied) AS removed FROM ended
