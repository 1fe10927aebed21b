-- Begins a new generation, from what is stored before the present position; what another left unfinished is dropped.
-- Months that have no partition any more (they are in archives) are taken over as they are counted.
-- Reads and writes: rollups, rollup_hours, rollup_scores, rollup_rules. $1: the new generation; $2: the months that have partitions.
WITH begun AS (
    UPDATE rollups
    SET building = $1, bound = position, reached = '00000000-0000-0000-0000-000000000000', months = $2
    RETURNING generation
), hours AS (
    INSERT INTO rollup_hours
    SELECT $1, hour, currency, outcome, level, count, amount, score FROM rollup_hours JOIN begun USING (generation)
    WHERE to_char(hour AT TIME ZONE 'UTC', 'YYYY_MM') <> ALL ($2::text[])
), scores AS (
    INSERT INTO rollup_scores
    SELECT $1, day, bucket, count FROM rollup_scores JOIN begun USING (generation)
    WHERE to_char(day, 'YYYY_MM') <> ALL ($2::text[])
), fired AS (
    INSERT INTO rollup_rules
    SELECT $1, day, rule, kind, outcome, count FROM rollup_rules JOIN begun USING (generation)
    WHERE to_char(day, 'YYYY_MM') <> ALL ($2::text[])
), old_hours AS (
    DELETE FROM rollup_hours WHERE generation <> (SELECT generation FROM begun)
), old_scores AS (
    DELETE FROM rollup_scores WHERE generation <> (SELECT generation FROM begun)
), old_rules AS (
    DELETE FROM rollup_rules WHERE generation <> (SELECT generation FROM begun)
)
SELECT generation FROM begun
