-- Closes open dead letters for good; a transaction they hold stays pending, and is left alone.
-- Reads and writes: dead_letters. $1 to $6: which letters, as in letters_page.sql. $7: at most so many. $8: who does it.
-- $9: why. Returns: the ids of the letters that were discarded.
WITH chosen AS (
    SELECT l.letter_id FROM dead_letters l
    WHERE l.state = 'open' AND ($1::uuid[] IS NULL OR l.letter_id = ANY ($1::uuid[]))
  AND ($2::text IS NULL OR l.fingerprint = $2) AND ($3::text IS NULL OR l.error_class = $3)
  AND ($4::text IS NULL OR l.account_id = $4)
  AND l.letter_id >= $5::uuid AND l.letter_id < $6::uuid
    ORDER BY l.letter_id LIMIT $7
)
UPDATE dead_letters l
SET state = 'discarded', changed_at = clock_timestamp(), changed_by = $8, note = $9
FROM chosen WHERE l.letter_id = chosen.letter_id AND l.state = 'open'
RETURNING l.letter_id
