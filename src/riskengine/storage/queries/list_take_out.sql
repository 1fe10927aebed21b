-- Ends entries. Writes: list_entries. Parameters: list, values, version they go in. Returns: the values that were there.
UPDATE list_entries SET removed_in = $3
WHERE list = $1 AND removed_in IS NULL AND value = ANY ($2::text[])
RETURNING value
