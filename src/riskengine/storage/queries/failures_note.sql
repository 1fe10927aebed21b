-- Notes that messages could not be decided, by their own fault. A pending transaction is to be tried again, later each time; at
-- its last failure, and for a message that could not be read, there is a dead letter. Harmless if it is said again: what waits
-- already is left alone, and so is what is decided; a transaction fails once in a statement, however often it is in it; a delivery
-- that cannot be read makes one letter. What somebody is about to decide, or to note as failed, is left to them: this waits for
-- nobody, and if they give up, the relay brings it back.
-- Reads and writes: pending (by primary key), dead_letters.
-- $1 to $8: by failure: new letter's id, message id, transaction (NULL: unreadable), error, its class, fingerprint, stack, body.
-- $9: by failure, the stream of its message. $10: worker. $11: versions. $12: seconds to wait before each further try. $13: the share by which these vary.
-- Returns: for each failure whether it is to be tried again because of this, and the id of its letter, if this made one.
WITH input AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[],
                         $9::text[])
             AS i (letter_id, message_id, transaction_id, error, error_class, fingerprint, stack, body, stream)
), mine AS (
    SELECT transaction_id FROM pending
    WHERE transaction_id = ANY ($3::uuid[]) AND retry_at IS NULL
    FOR UPDATE SKIP LOCKED
), counted AS (
    UPDATE pending p
    SET failures = p.failures + 1,
        retry_at = CASE WHEN p.failures < cardinality($12::float8[])
                        THEN clock_timestamp()
                             + make_interval(secs => ($12::float8[])[p.failures + 1] * (1 + $13::float8 * (2 * random() - 1)))
                        ELSE timestamptz 'infinity' END
    FROM input i JOIN mine USING (transaction_id)
    WHERE p.transaction_id = mine.transaction_id
    RETURNING i.letter_id, p.transaction_id, p.created_at, p.failures, p.retry_at
), buried AS (
    INSERT INTO dead_letters (letter_id, stream, message_id, transaction_id, account_id, retry_count, error, error_class,
                              fingerprint, stack, worker, versions, body)
    SELECT i.letter_id, i.stream, i.message_id, i.transaction_id, t.account_id, coalesce(c.failures - 1, 0), i.error,
           i.error_class, i.fingerprint, i.stack, $10::text, $11::text::jsonb, i.body
    FROM input i
    LEFT JOIN counted c ON c.letter_id = i.letter_id
    LEFT JOIN transactions t ON t.transaction_id = c.transaction_id AND t.created_at = c.created_at
    WHERE i.transaction_id IS NULL OR c.retry_at = 'infinity'
    ON CONFLICT (stream, message_id) WHERE transaction_id IS NULL DO NOTHING
    RETURNING letter_id
)
SELECT coalesce(c.retry_at <> 'infinity', false) AS again, b.letter_id
FROM input i
LEFT JOIN counted c ON c.letter_id = i.letter_id
LEFT JOIN buried b ON b.letter_id = i.letter_id
