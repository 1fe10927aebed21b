-- Notes how far the state of features was filled from the past. A position of '' starts anew.
-- Writes: backfills. $1: names; $2: the last key that is done; $3 of $4: how much is done; $5: whether it is finished.
INSERT INTO backfills (series, position, done, total, finished_at)
SELECT name, $2::text, $3::int8, $4::int8, CASE WHEN $5::boolean THEN now() END FROM unnest($1::text[]) AS name
ON CONFLICT (series) DO UPDATE
    SET position = excluded.position, done = excluded.done, total = excluded.total, finished_at = excluded.finished_at,
        started_at = CASE WHEN $2 = '' THEN now() ELSE backfills.started_at END
