-- Silences a rule for an entity; a snooze of the same that is there ends. Writes: snoozes.
-- Parameters: rule, field, value, until, note, who, version it comes in.
WITH ended AS (
    UPDATE snoozes SET removed_in = $7 WHERE rule_id = $1 AND field = $2 AND value = $3 AND removed_in IS NULL
)
INSERT INTO snoozes (rule_id, field, value, snoozed_until, note, added_by, added_in) VALUES ($1, $2, $3, $4, $5, $6, $7)
