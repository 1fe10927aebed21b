-- Ends a snooze. Writes: snoozes. Parameters: rule, field, value, version it goes in. Returns: a row, if it was there.
UPDATE snoozes SET removed_in = $4
WHERE rule_id = $1 AND field = $2 AND value = $3 AND removed_in IS NULL
RETURNING rule_id
