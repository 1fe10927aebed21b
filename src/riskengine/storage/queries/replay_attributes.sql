-- All attributes that accounts have had, each account's in order. Reads: account_changes by primary key. $1: account ids.
SELECT account_id, history_seq, type, status, home_country, time_zone, opened_at
FROM account_changes
WHERE account_id = ANY ($1::text[])
ORDER BY account_id, history_seq
