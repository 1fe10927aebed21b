-- An account as it is, how many decisions it has had, and when it was first and last active.
-- Reads: accounts and account_changes by primary key; transactions by (account_id, created_at), the first and last of each month.
SELECT a.account_id, a.type, a.status, a.home_country, a.time_zone, a.opened_at,
       a.history_seq - (SELECT count(*) FROM account_changes c WHERE c.account_id = a.account_id AND c.history_seq > 0) AS decisions,
       (SELECT created_at FROM transactions t WHERE t.account_id = a.account_id ORDER BY created_at LIMIT 1) AS first_activity,
       (SELECT created_at FROM transactions t WHERE t.account_id = a.account_id ORDER BY created_at DESC LIMIT 1) AS last_activity
FROM accounts a
WHERE a.account_id = $1
