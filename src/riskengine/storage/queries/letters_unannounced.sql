-- Dead letters that are not on their stream yet, oldest first, kept from others until the transaction ends.
-- Reads and locks: dead_letters (by announced_at). $1: at most so many.
SELECT * FROM dead_letters WHERE announced_at IS NULL ORDER BY letter_id LIMIT $1 FOR UPDATE SKIP LOCKED
