-- Says that a process lives and what it runs, and removes those that have not said so for too long. Rows that another
-- process is about to remove or renew are left to it. Writes: processes.
-- Parameters: id, role, start, generation, ruleset, catalogue, rates, model, lists, problem, seconds of silence of the dead,
-- transactions decided a second.
WITH dead AS (
    DELETE FROM processes WHERE process_id IN (
        SELECT process_id FROM processes
        WHERE seen_at < now() - make_interval(secs => $11) AND process_id <> $1
        FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO processes (process_id, role, started_at, seen_at, generation, ruleset, catalogue, rates, model, lists, problem,
                       rate)
VALUES ($1, $2, $3, now(), $4, $5, $6, $7, $8, $9, $10, $12)
ON CONFLICT (process_id) DO UPDATE SET
    role = excluded.role, started_at = excluded.started_at, seen_at = excluded.seen_at,
    generation = excluded.generation, ruleset = excluded.ruleset, catalogue = excluded.catalogue,
    rates = excluded.rates, model = excluded.model, lists = excluded.lists, problem = excluded.problem,
    rate = excluded.rate
