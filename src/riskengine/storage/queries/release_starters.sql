-- Publishes what is shipped, if nothing runs yet; of several at once, one does it.
-- Writes: running, releases, publications. Parameters: who, and the versions and contents of rule set, catalogue, rates.
WITH first AS (
    INSERT INTO running (generation, ruleset, catalogue, rates, model, lists)
    VALUES (3, $2, $4, $6, NULL, 0)
    ON CONFLICT DO NOTHING
    RETURNING generation
), shipped (generation, kind, version, content) AS (
    VALUES (1, 'catalogue', $4::integer, $5::bytea), (2, 'rates', $6::integer, $7::bytea),
           (3, 'ruleset', $2::integer, $3::bytea)
), kept AS (
    INSERT INTO releases (kind, version, content, created_by, note)
    SELECT shipped.kind, version, content, $1, 'as shipped' FROM shipped, first
)
INSERT INTO publications (generation, kind, version, previous, action, published_by, note)
SELECT shipped.generation, shipped.kind, version, NULL, 'publish', $1, 'as shipped' FROM shipped, first
RETURNING generation
