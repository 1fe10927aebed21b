-- The snoozes that were not ended, by rule; those that end themselves before $1 are left out. Reads: snoozes.
-- Parameter: moment.
SELECT rule_id, field, value, snoozed_until, note, added_by, added_at FROM snoozes
WHERE removed_in IS NULL AND snoozed_until > $1
ORDER BY rule_id, field, value
