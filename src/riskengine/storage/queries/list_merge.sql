-- Stores the incoming entries: new ones, and those that are there with another end or note, which end and come anew.
-- Reads: incoming_entries (temporary). Writes: list_entries.
-- Parameters: list, version, who, whether entries that are not incoming end, too.
-- Returns: how many entries came and how many ended.
WITH incoming AS (
    SELECT DISTINCT ON (value) value, note, expires_at
    FROM incoming_entries
    ORDER BY value, row_number
), present AS (
    SELECT value, note, expires_at FROM list_entries WHERE list = $1 AND removed_in IS NULL
), same AS (
    SELECT value FROM incoming i JOIN present p USING (value)
    WHERE i.note = p.note AND i.expires_at IS NOT DISTINCT FROM p.expires_at
), ended AS (
    UPDATE list_entries e SET removed_in = $2
    WHERE e.list = $1 AND e.removed_in IS NULL AND NOT EXISTS (SELECT FROM same s WHERE s.value = e.value)
      AND ($4 OR EXISTS (SELECT FROM incoming i WHERE i.value = e.value))
    RETURNING 1
), came AS (
    INSERT INTO list_entries (list, value, expires_at, note, added_by, added_in)
    SELECT $1, value, expires_at, note, $3, $2 FROM incoming i
    WHERE NOT EXISTS (SELECT FROM same s WHERE s.value = i.value)
    RETURNING 1
)
SELECT (SELECT count(*) FROM came) AS added, (SELECT count(*) FROM ended) AS removed
