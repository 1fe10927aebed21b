-- Notes that messages are on the stream again. Writes: dead_letters by primary key. $1: ids. $2: who did it. $3: why.
UPDATE dead_letters SET state = 'replayed', changed_at = clock_timestamp(), changed_by = $2, note = $3
WHERE letter_id = ANY ($1::uuid[])
