-- A page of dead letters, newest first. The status is the state, or `decided` once the transaction no longer waits.
-- Reads: dead_letters, pending by primary key.
-- Which (each NULL: any): $1 ids; $2 fingerprint; $3 class of error; $4 account; $5 to $6 letters, the end not included;
-- $7 status. $8: at most so many.
SELECT f.* FROM (
    SELECT l.*, CASE WHEN l.transaction_id IS NOT NULL AND p.transaction_id IS NULL THEN 'decided' ELSE l.state END AS status
    FROM dead_letters l LEFT JOIN pending p ON p.transaction_id = l.transaction_id
    WHERE ($1::uuid[] IS NULL OR l.letter_id = ANY ($1::uuid[]))
      AND ($2::text IS NULL OR l.fingerprint = $2) AND ($3::text IS NULL OR l.error_class = $3)
      AND ($4::text IS NULL OR l.account_id = $4)
      AND l.letter_id >= $5::uuid AND l.letter_id < $6::uuid
) f
WHERE $7::text IS NULL OR f.status = $7
ORDER BY f.letter_id DESC
LIMIT $8
