-- The snoozes that there were at a version, those that had ended by themselves included.
-- Reads: snoozes. Parameter: version.
SELECT rule_id, field, value, (extract(epoch FROM snoozed_until) * 1000)::bigint AS until_ms FROM snoozes
WHERE added_in <= $1 AND (removed_in IS NULL OR removed_in > $1)
ORDER BY added_in, rule_id, field, value
