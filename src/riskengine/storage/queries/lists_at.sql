-- The lists that there were at a version. Reads: lists. Parameter: version.
SELECT name, kind, effect, field, description, added_in FROM lists
WHERE added_in <= $1 AND (removed_in IS NULL OR removed_in > $1)
ORDER BY name
