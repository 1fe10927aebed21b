-- Notes that dead letters are on their stream. Writes: dead_letters by primary key. $1: ids.
UPDATE dead_letters SET announced_at = clock_timestamp() WHERE letter_id = ANY ($1::uuid[])
