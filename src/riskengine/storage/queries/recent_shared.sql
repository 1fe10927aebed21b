-- Who used what since $1: the latest decided transaction of each account on each thing of the kinds $3 (device, ip,
-- beneficiary, merchant).
-- Reads: transactions, decisions by primary key since $2, in the partitions since $1 (created_at). $2: the first id that a
-- transaction of $1 could have.
SELECT s.kind, s.id, t.account_id, max(t.occurred_at) AS occurred_at
FROM transactions t
JOIN decisions d ON d.transaction_id = t.transaction_id AND d.created_at = t.created_at
CROSS JOIN LATERAL (VALUES ('device', t.device_id), ('ip', t.ip), ('beneficiary', t.beneficiary), ('merchant', t.merchant))
    AS s (kind, id)
WHERE t.created_at >= $1 AND d.created_at >= $1 AND t.transaction_id >= $2 AND d.transaction_id >= $2
  AND s.id IS NOT NULL AND s.kind = ANY ($3::text[])
GROUP BY s.kind, s.id, t.account_id
