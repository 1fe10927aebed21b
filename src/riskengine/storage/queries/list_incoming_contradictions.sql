-- Values that came more than once, with another end or note: each later row, and the first of its value.
-- Reads: incoming_entries (temporary). Parameter: at most so many.
SELECT row_number, first_row FROM (
    SELECT row_number, first_value(row_number) OVER same AS first_row,
           first_value(expires_at) OVER same IS DISTINCT FROM expires_at
           OR first_value(note) OVER same <> note AS differs
    FROM incoming_entries
    WHERE value IN (SELECT value FROM incoming_entries GROUP BY value HAVING count(*) > 1)
    WINDOW same AS (PARTITION BY value ORDER BY row_number)
) repeated
WHERE differs
ORDER BY row_number
LIMIT $1
