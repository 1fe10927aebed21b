-- Compares what was accepted with what is stored: exactly one transaction and exactly one decision each, and nothing else.
-- $1: the ids of the accepted transactions. Reads: transactions, decisions, pending, all of them.
WITH accepted AS (
    SELECT DISTINCT transaction_id FROM unnest($1::uuid[]) AS a (transaction_id)
), stored AS (
    SELECT transaction_id, count(*) AS rows FROM transactions GROUP BY transaction_id
), decided AS (
    SELECT transaction_id, count(*) AS rows FROM decisions GROUP BY transaction_id
)
SELECT count(a)                                                             AS accepted,
       count(*) FILTER (WHERE a IS NOT NULL AND s.rows IS NULL)             AS lost,
       count(*) FILTER (WHERE a IS NOT NULL AND d.rows IS NULL)             AS undecided,
       count(*) FILTER (WHERE s.rows > 1)                                   AS stored_twice,
       count(*) FILTER (WHERE d.rows > 1)                                   AS decided_twice,
       count(*) FILTER (WHERE a IS NULL)                                    AS unknown,
       (SELECT count(*) FROM (SELECT FROM transactions GROUP BY idempotency_key HAVING count(*) > 1) AS k) AS shared_keys,
       (SELECT count(*) FROM pending)                                       AS pending
FROM accepted a
FULL JOIN stored s USING (transaction_id)
FULL JOIN decided d USING (transaction_id)
