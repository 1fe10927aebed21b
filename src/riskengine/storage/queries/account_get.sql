-- One account. Reads: accounts by primary key.
SELECT account_id, type, status, home_country, time_zone, opened_at, created_at, updated_at FROM accounts WHERE account_id = $1
