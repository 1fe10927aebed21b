-- Has transactions that dead letters hold queued again, one after the other at a rate, with all their tries before them.
-- A letter that was replayed, and one whose transaction is decided or waits already, is left alone: saying it again is harmless.
-- Reads and writes: dead_letters; pending by primary key. $1 to $6: which letters, as in letters_page.sql; $7 state (NULL: any).
-- $8: at most so many. $9: how many a second. $10: who does it. $11: why. Returns: the ids of the letters that were replayed.
-- Letters are locked in order, so that concurrent statements queue up instead of deadlocking; transactions that somebody is about
-- to decide or to replay are left to them.
WITH chosen AS (
    SELECT l.letter_id, l.transaction_id
    FROM dead_letters l JOIN pending p ON p.transaction_id = l.transaction_id
    WHERE ($1::uuid[] IS NULL OR l.letter_id = ANY ($1::uuid[]))
      AND ($2::text IS NULL OR l.fingerprint = $2) AND ($3::text IS NULL OR l.error_class = $3)
      AND ($4::text IS NULL OR l.account_id = $4)
      AND l.letter_id >= $5::uuid AND l.letter_id < $6::uuid
      AND l.state <> 'replayed' AND ($7::text IS NULL OR l.state = $7) AND p.retry_at = 'infinity'
    ORDER BY l.letter_id
    LIMIT $8
    FOR UPDATE OF p SKIP LOCKED FOR UPDATE OF l
), placed AS (
    SELECT letter_id, transaction_id, row_number() OVER (ORDER BY letter_id) - 1 AS place FROM chosen
), due AS (
    UPDATE pending p
    SET failures = 0, retry_at = (SELECT clock_timestamp()) + c.place / $9::float8 * interval '1 second'
    FROM placed c WHERE p.transaction_id = c.transaction_id
    RETURNING c.letter_id
)
UPDATE dead_letters l
SET state = 'replayed', changed_at = clock_timestamp(), changed_by = $10, note = $11
FROM due WHERE l.letter_id = due.letter_id
RETURNING l.letter_id
