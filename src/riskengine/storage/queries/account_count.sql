-- How many accounts there are. Reads: accounts, all of them.
SELECT count(*) AS count FROM accounts
