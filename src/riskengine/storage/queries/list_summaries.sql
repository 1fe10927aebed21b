-- The lists there are, with how many entries each has, and how many of these have expired by $2.
-- Reads: lists, list_entries. Parameters: name (NULL: all), moment.
SELECT l.name, l.kind, l.effect, l.field, l.description, l.added_in,
       count(e.value) AS entries, count(e.value) FILTER (WHERE e.expires_at <= $2) AS expired
FROM lists l LEFT JOIN list_entries e ON e.list = l.name AND e.removed_in IS NULL
WHERE l.removed_in IS NULL AND ($1::text IS NULL OR l.name = $1)
GROUP BY l.name, l.added_in
ORDER BY l.name
