-- The latest decided transaction of each account since $1, with the account's type, in the order they were decided.
-- Reads: transactions, decisions by primary key since $2, in the partitions since $1 (created_at); accounts. $2: the first id that
-- a transaction of $1 could have: ids are in order of time, and only they are indexed.
SELECT r.* FROM (
    SELECT DISTINCT ON (t.account_id) t.account_id, a.type, t.amount, t.currency, d.rates_version,
           d.decided_at
    FROM transactions t
    JOIN decisions d ON d.transaction_id = t.transaction_id AND d.created_at = t.created_at
    JOIN accounts a ON a.account_id = t.account_id
    WHERE t.created_at >= $1 AND d.created_at >= $1 AND t.transaction_id >= $2 AND d.transaction_id >= $2
    ORDER BY t.account_id, d.account_sequence DESC
) r
ORDER BY r.decided_at
