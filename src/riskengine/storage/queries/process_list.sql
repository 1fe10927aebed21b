-- The processes that were heard of lately. Reads: processes (as many rows as processes). Parameter: seconds.
SELECT * FROM processes WHERE seen_at >= now() - make_interval(secs => $1) ORDER BY role, started_at, process_id
