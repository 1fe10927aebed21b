-- Stores decisions, each exactly once and only if it was made on the account's present state.
-- Reads: pending. Writes: accounts (the fence), decisions, pending.
--
-- An account's group passes the fence if all its transactions are still pending and accounts.history_seq is just what the
-- group was scored on; ON CONFLICT compares the newest committed row under its lock, so of two concurrent groups one passes.
-- Groups lock their accounts in order, so that concurrent statements queue up instead of deadlocking.
-- Returns: the inputs that were not stored, with why: `settled` (decided before, or unknown) or `stale` (score again).
WITH input AS (
    SELECT i.*, timestamptz 'epoch' + created_ms * interval '1 millisecond' AS created_at
    FROM unnest($1::uuid[], $2::int8[], $3::text[], $4::int8[], $5::float8[], $6::text[], $7::text[], $8::float8[],
                $9::float8[], $10::float8[], $11::float8[], $12::float8[], $13::float8[], $14::text[], $15::text[],
                $16::text[])
         WITH ORDINALITY
         AS i (transaction_id, created_ms, account_id, account_sequence, score, level, outcome, rules_score,
               behaviour_score, model_score, rules_weight, behaviour_weight, model_weight, rules, shadow_rules, degraded, place)
), live AS (
    SELECT transaction_id FROM pending WHERE transaction_id = ANY ($1::uuid[])
), fence AS (
    INSERT INTO accounts AS a (account_id, history_seq, history_step)
    SELECT i.account_id, max(i.account_sequence), count(*)
    FROM input i LEFT JOIN live l USING (transaction_id)
    GROUP BY i.account_id
    HAVING count(l.transaction_id) = count(*)
       AND (min(i.account_sequence) = 1 OR EXISTS (SELECT FROM accounts e WHERE e.account_id = i.account_id))
    ORDER BY i.account_id
    ON CONFLICT (account_id) DO UPDATE
        SET history_seq = excluded.history_seq, history_step = excluded.history_step
        WHERE a.history_seq = excluded.history_seq - excluded.history_step
    RETURNING account_id
), decided AS (
    INSERT INTO decisions (transaction_id, created_at, account_id, account_sequence, score, level, outcome, rules_score,
                           behaviour_score, model_score, rules_weight, behaviour_weight, model_weight, rules, shadow_rules,
                           degraded, features, ruleset_version, catalogue_version, rates_version, lists_version,
                           model_version, decided_at)
    SELECT transaction_id, created_at, account_id, account_sequence, score, level, outcome, rules_score, behaviour_score,
           model_score, rules_weight, behaviour_weight, model_weight, string_to_array(rules, ','),
           string_to_array(shadow_rules, ','), string_to_array(degraded, ','),
           ($17::real[])[(place - 1) * $18::int + 1 : place * $18::int], $19::int, $20::int, $21::int, $22::int8,
           $23::int, timestamptz 'epoch' + $24::int8 * interval '1 millisecond'
    FROM input JOIN fence USING (account_id)
    RETURNING transaction_id
), cleared AS (
    DELETE FROM pending USING decided WHERE pending.transaction_id = decided.transaction_id
)
SELECT i.transaction_id, l.transaction_id IS NULL AS settled
FROM input i LEFT JOIN live l USING (transaction_id)
WHERE NOT EXISTS (SELECT FROM fence f WHERE f.account_id = i.account_id)
