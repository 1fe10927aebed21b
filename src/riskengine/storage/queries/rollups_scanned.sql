-- What rollups must hold of months, cell by cell, as text, from a full scan of them.
-- Reads: decisions and transactions, all rows from $2 to $3. $1: only of smaller decided_xid.
WITH found AS MATERIALIZED (
    SELECT d.created_at, (d.created_at AT TIME ZONE 'UTC')::date AS day, d.outcome, d.level, d.score, d.rules, d.shadow_rules,
           t.currency, t.amount
    FROM decisions d JOIN transactions t USING (transaction_id, created_at)
    WHERE d.decided_xid < $1
      AND d.created_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND d.created_at < $3::date::timestamp AT TIME ZONE 'UTC'
      AND t.created_at >= $2::date::timestamp AT TIME ZONE 'UTC' AND t.created_at < $3::date::timestamp AT TIME ZONE 'UTC'
)
SELECT concat_ws(' ', 'hour', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24'), currency, outcome, level) AS cell,
       concat_ws(' ', count(*), trim_scale(sum(amount)), trim_scale(sum(score::numeric))) AS value
FROM found GROUP BY 1
UNION ALL
SELECT concat_ws(' ', 'score', day, least(floor(score / 5) * 5, 95)), count(*)::text
FROM found GROUP BY 1
UNION ALL
SELECT concat_ws(' ', 'rule', day, f.rule, f.kind, outcome), count(*)::text
FROM found, LATERAL (SELECT unnest(rules), 'fired' UNION ALL SELECT unnest(shadow_rules), 'shadow') AS f (rule, kind)
WHERE f.rule IS NOT NULL
GROUP BY 1
