-- Closes open dead letters; a transaction they hold stays pending, and is left alone. One that is decided is closed already.
-- Reads and writes: dead_letters. Reads: pending by primary key. $1 to $6: which letters, as in letters_page.sql.
-- $7: at most so many. $8: who does it. $9: why. Returns: the ids of the letters that were discarded.
-- Letters are locked in order, so that concurrent statements queue up instead of deadlocking.
WITH chosen AS (
    SELECT l.letter_id FROM dead_letters l
    WHERE ($1::uuid[] IS NULL OR l.letter_id = ANY ($1::uuid[]))
      AND ($2::text IS NULL OR l.fingerprint = $2) AND ($3::text IS NULL OR l.error_class = $3)
      AND ($4::text IS NULL OR l.account_id = $4)
      AND l.letter_id >= $5::uuid AND l.letter_id < $6::uuid
      AND l.state = 'open'
      AND (l.transaction_id IS NULL OR EXISTS (SELECT FROM pending p WHERE p.transaction_id = l.transaction_id))
    ORDER BY l.letter_id
    LIMIT $7
    FOR UPDATE OF l
)
UPDATE dead_letters l
SET state = 'discarded', changed_at = clock_timestamp(), changed_by = $8, note = $9
FROM chosen WHERE l.letter_id = chosen.letter_id
RETURNING l.letter_id
