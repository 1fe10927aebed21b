-- Rollups: what was decided, added up by hour and by day, and how far that is.

-- The id of the transaction of PostgreSQL that stored the decision: rows of ids below the oldest that still writes are all there,
-- so that they can be counted, each once. 0: counted otherwise (it is older than this column, or came back from an archive).
-- No row is rewritten; the index reads all there are once, and who decides waits for that.
-- After a restore into another server, where ids begin again, the default adds what makes them go on from the old ones.
ALTER TABLE decisions ADD COLUMN decided_xid bigint NOT NULL DEFAULT 0;
ALTER TABLE decisions ALTER COLUMN decided_xid SET DEFAULT pg_current_xact_id()::text::bigint;
CREATE INDEX decisions_decided_xid ON decisions (decided_xid);

-- By hour of acceptance (UTC). `amount` and `score` are sums; numeric, so that the order of addition changes nothing.
CREATE TABLE rollup_hours (
    generation integer     NOT NULL,
    hour       timestamptz NOT NULL,
    currency   text        NOT NULL,
    outcome    text        NOT NULL,
    level      text        NOT NULL,
    count      bigint      NOT NULL,
    amount     numeric     NOT NULL,
    score      numeric     NOT NULL,
    PRIMARY KEY (generation, hour, currency, outcome, level)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);

-- By day of acceptance (UTC), and by score: from `bucket` to below bucket + 5; the last, 95, has 100, too.
CREATE TABLE rollup_scores (
    generation integer  NOT NULL,
    day        date     NOT NULL,
    bucket     smallint NOT NULL,
    count      bigint   NOT NULL,
    PRIMARY KEY (generation, day, bucket)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);

-- By day of acceptance (UTC), and by rule: `fired`, or `shadow` where it did not count.
CREATE TABLE rollup_rules (
    generation integer NOT NULL,
    day        date    NOT NULL,
    rule       text    NOT NULL,
    kind       text    NOT NULL CHECK (kind IN ('fired', 'shadow')),
    outcome    text    NOT NULL,
    count      bigint  NOT NULL,
    PRIMARY KEY (generation, day, rule, kind, outcome)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 5000);

-- The one row that says how far the rollups are. A rebuild makes a new generation beside the one that is read.
CREATE TABLE rollups (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    generation integer NOT NULL DEFAULT 1,         -- the one that is read
    whole      boolean NOT NULL,                   -- false: what was there before it began is not yet in it
    position   bigint  NOT NULL DEFAULT 1,         -- all of smaller decided_xid are counted, in every generation
    as_of      timestamptz,                        -- all that was decided by then is counted
    mark_xid   bigint,                             -- once `position` has come so far, all decided by mark_at is counted
    mark_at    timestamptz,
    server     bigint  NOT NULL,                   -- the system identifier of the server whose ids are counted in
    xid_offset bigint  NOT NULL DEFAULT 0,         -- what is added to that server's ids
    building   integer,                            -- the generation under way, filled from all decisions
    bound      bigint,                             -- with those of smaller decided_xid: the others are added as they come
    reached    uuid,                               -- up to this one, in the order of their ids
    months     text[]                              -- that had partitions when it began
) WITH (fillfactor = 50);
INSERT INTO rollups (whole, server, building, bound, reached, months)
SELECT NOT f.found, c.system_identifier, CASE WHEN f.found THEN 2 END, 1, '00000000-0000-0000-0000-000000000000', NULL
FROM (SELECT EXISTS (SELECT FROM decisions) AS found) f, pg_control_system() c;
