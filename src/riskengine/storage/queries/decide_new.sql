-- Takes new transactions in and stores their decisions at once: ingest.sql and decide.sql in one, for senders that wait.
-- Writes: idempotency_keys, transactions, accounts (the fence), decisions; pending, for what could not be decided here.
--
-- A transaction whose key is new is accepted in any case. Its decision is stored if its account's group holds only such ones
-- and stands where the fence stands; else the transaction is pending like any other, and to be scored again.
-- Keys come before accounts, and both in order, so that concurrent statements queue up instead of deadlocking.
-- Returns: for each transaction whether it was accepted, and whether it was decided.
WITH input AS (
    SELECT i.*,
           timestamptz 'epoch' + created_ms * interval '1 millisecond'  AS created_at,
           timestamptz 'epoch' + occurred_ms * interval '1 millisecond' AS occurred_at
    FROM unnest($1::uuid[], $2::int8[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::int8[],
                $10::text[], $11::text[], $12::text[], $13::float8[], $14::float8[], $15::text[], $16::text[], $17::text[],
                $18::text[], $19::text[], $20::text[], $21::text[],
                $22::int8[], $23::float8[], $24::text[], $25::text[], $26::float8[], $27::float8[], $28::float8[],
                $29::float8[], $30::float8[], $31::float8[], $32::text[], $33::text[], $34::text[])
         WITH ORDINALITY
         AS i (transaction_id, created_ms, key_digest, content, idempotency_key, account_id, amount, currency, occurred_ms,
               merchant, merchant_category, location, latitude, longitude, country, channel, device_id, ip,
               beneficiary, metadata, card_bin,
               account_sequence, score, level, outcome, rules_score, behaviour_score, model_score, rules_weight,
               behaviour_weight, model_weight, rules, shadow_rules, degraded, place)
), keys AS (
    INSERT INTO idempotency_keys (key_digest, transaction_id, content)
    SELECT key_digest, transaction_id, content FROM input ORDER BY key_digest
    ON CONFLICT (key_digest) DO NOTHING
    RETURNING transaction_id
), fresh AS (
    SELECT input.* FROM input JOIN keys USING (transaction_id)
), stored AS (
    INSERT INTO transactions (transaction_id, created_at, account_id, amount, currency, occurred_at, merchant,
                              merchant_category, location, latitude, longitude, country, channel, device_id, ip,
                              beneficiary, card_bin, metadata, idempotency_key)
    SELECT transaction_id, created_at, account_id, amount, currency, occurred_at, merchant, merchant_category, location,
           latitude, longitude, country, channel, device_id, ip, beneficiary, card_bin, metadata::jsonb, idempotency_key
    FROM fresh
), fence AS (
    INSERT INTO accounts AS a (account_id, history_seq, history_step)
    SELECT i.account_id, max(i.account_sequence), count(*)
    FROM input i LEFT JOIN keys k USING (transaction_id)
    GROUP BY i.account_id
    HAVING count(k.transaction_id) = count(*)
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
           ($35::real[])[(place - 1) * $36::int + 1 : place * $36::int], $37::int, $38::int, $39::int, $40::int8,
           $41::int, timestamptz 'epoch' + $42::int8 * interval '1 millisecond'
    FROM input JOIN fence USING (account_id)
    RETURNING transaction_id
), queued AS (
    INSERT INTO pending (transaction_id, created_at, published_at, bucket)
    SELECT transaction_id, created_at, clock_timestamp(), account_bucket(account_id)
    FROM fresh WHERE NOT EXISTS (SELECT FROM decided d WHERE d.transaction_id = fresh.transaction_id)
)
SELECT i.transaction_id, k.transaction_id IS NOT NULL AS accepted, d.transaction_id IS NOT NULL AS decided
FROM input i LEFT JOIN keys k USING (transaction_id) LEFT JOIN decided d USING (transaction_id)
