-- Messages that could not be read and were not replayed, oldest first, kept from others until the transaction ends.
-- Reads and locks: dead_letters. $1 to $6: which letters, as in letters_page.sql; $7 state (NULL: any). $8: at most so many.
SELECT l.letter_id, l.body FROM dead_letters l
WHERE ($1::uuid[] IS NULL OR l.letter_id = ANY ($1::uuid[]))
  AND ($2::text IS NULL OR l.fingerprint = $2) AND ($3::text IS NULL OR l.error_class = $3)
  AND ($4::text IS NULL OR l.account_id = $4)
  AND l.letter_id >= $5::uuid AND l.letter_id < $6::uuid
  AND l.transaction_id IS NULL AND l.state <> 'replayed' AND ($7::text IS NULL OR l.state = $7)
ORDER BY l.letter_id
LIMIT $8
FOR UPDATE SKIP LOCKED
