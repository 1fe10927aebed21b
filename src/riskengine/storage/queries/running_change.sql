-- Changes what all processes are to run, notes who did it, and tells those who listen once it is committed.
-- Writes: running (one row), publications. Parameters: kind, version (NULL: no model), action, who, note.
WITH before AS (
    SELECT generation, ruleset, catalogue, rates, model, lists FROM running FOR UPDATE
), changed AS (
    UPDATE running SET
        generation = before.generation + 1,
        ruleset    = CASE WHEN $1 = 'ruleset'   THEN $2::integer ELSE before.ruleset END,
        catalogue  = CASE WHEN $1 = 'catalogue' THEN $2::integer ELSE before.catalogue END,
        rates      = CASE WHEN $1 = 'rates'     THEN $2::integer ELSE before.rates END,
        model      = CASE WHEN $1 = 'model'     THEN $2::integer ELSE before.model END,
        lists      = CASE WHEN $1 = 'lists'     THEN $2::bigint  ELSE before.lists END
    FROM before
    RETURNING running.generation
), noted AS (
    INSERT INTO publications (generation, kind, version, previous, action, published_by, note, published_at)
    SELECT
        changed.generation,
        $1::text,
        $2::bigint,
        CASE $1
            WHEN 'ruleset' THEN before.ruleset
            WHEN 'catalogue' THEN before.catalogue
            WHEN 'rates' THEN before.rates
            WHEN 'model' THEN before.model
            ELSE before.lists
        END,
        $3::text,
        $4::text,
        $5::text,
        clock_timestamp()
    FROM before, changed
    RETURNING *
)
SELECT noted.*, pg_notify('riskengine_running', noted.generation::text) FROM noted
