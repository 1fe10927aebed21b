-- A page of account ids in order. Reads: accounts by primary key. $1: the id after which it goes on; $2: at most so many.
SELECT account_id FROM accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2
