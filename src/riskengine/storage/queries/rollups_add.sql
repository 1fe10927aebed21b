-- Adds decisions to the rollups, each as often as it is given.
-- Reads: decisions and transactions by primary key. Writes: rollup_hours, rollup_scores, rollup_rules.
-- $1: ids, and $2: their times, which select partitions; $3: the generations to which they are added.
WITH found AS MATERIALIZED (
    SELECT i.created_at, (i.created_at AT TIME ZONE 'UTC')::date AS day, d.outcome, d.level, d.score, d.rules, d.shadow_rules,
           t.currency, t.amount
    FROM unnest($1::uuid[], $2::timestamptz[]) AS i (transaction_id, created_at)
    CROSS JOIN LATERAL (  -- LIMIT: an index each, whatever the planner takes the number of ids for
        SELECT * FROM decisions WHERE transaction_id = i.transaction_id AND created_at = i.created_at LIMIT 1
    ) d
    CROSS JOIN LATERAL (
        SELECT * FROM transactions WHERE transaction_id = i.transaction_id AND created_at = i.created_at LIMIT 1
    ) t
), generations AS (
    SELECT unnest($3::integer[]) AS generation
), hours AS (
    INSERT INTO rollup_hours AS r (generation, hour, currency, outcome, level, count, amount, score)
    SELECT generation, date_trunc('hour', created_at, 'UTC'), currency, outcome, level, count(*), sum(amount), sum(score::numeric)
    FROM found, generations
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (generation, hour, currency, outcome, level) DO UPDATE
        SET count = r.count + excluded.count, amount = r.amount + excluded.amount, score = r.score + excluded.score
), scores AS (
    INSERT INTO rollup_scores AS r (generation, day, bucket, count)
    SELECT generation, day, least(floor(score / 5) * 5, 95)::smallint, count(*)
    FROM found, generations
    GROUP BY 1, 2, 3
    ON CONFLICT (generation, day, bucket) DO UPDATE SET count = r.count + excluded.count
), fired AS (
    INSERT INTO rollup_rules AS r (generation, day, rule, kind, outcome, count)
    SELECT generation, day, f.rule, f.kind, outcome, count(*)
    FROM found, generations,
         LATERAL (SELECT unnest(rules), 'fired' UNION ALL SELECT unnest(shadow_rules), 'shadow') AS f (rule, kind)
    WHERE f.rule IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (generation, day, rule, kind, outcome) DO UPDATE SET count = r.count + excluded.count
)
SELECT count(*) FROM found
