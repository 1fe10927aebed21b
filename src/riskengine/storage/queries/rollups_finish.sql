-- From now on the generation that was under way is read, and the others are no more.
-- Writes: rollups, rollup_hours, rollup_scores, rollup_rules.
WITH finished AS (
    UPDATE rollups SET generation = building, whole = true, building = NULL, bound = NULL, reached = NULL, months = NULL
    RETURNING generation
), hours AS (
    DELETE FROM rollup_hours WHERE generation <> (SELECT generation FROM finished)
), scores AS (
    DELETE FROM rollup_scores WHERE generation <> (SELECT generation FROM finished)
), fired AS (
    DELETE FROM rollup_rules WHERE generation <> (SELECT generation FROM finished)
)
SELECT generation FROM finished
