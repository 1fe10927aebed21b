-- All that is stored of transactions, as far as a client knows it, with what their keys stand for, and of what waits (`failures` is
-- NULL where nothing does). Only for chaos.
-- Reads: transactions, idempotency_keys, pending, all of them.
SELECT t.transaction_id, t.idempotency_key, t.account_id, t.amount, t.currency, t.occurred_at, k.key_digest,
       p.failures, coalesce(p.retry_at = 'infinity', false) AS held
FROM transactions t
LEFT JOIN idempotency_keys k ON k.transaction_id = t.transaction_id
LEFT JOIN pending p ON p.transaction_id = t.transaction_id
