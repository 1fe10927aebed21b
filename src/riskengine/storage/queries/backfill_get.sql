-- How far the state of features was filled from the past. Reads: backfills by primary key. $1: name.
SELECT position, done, total, finished_at FROM backfills WHERE series = $1
