-- The last changes of what runs, newest first. Reads: publications from the newest generation on.
-- Parameters: kind (NULL: all), how many.
SELECT * FROM publications WHERE $1::text IS NULL OR kind = $1 ORDER BY generation DESC LIMIT $2
