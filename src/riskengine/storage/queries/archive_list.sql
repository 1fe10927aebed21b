-- The months that are archived, oldest first. Reads: archives, all of them (one row a month).
SELECT month, directory, manifest_sha256, transactions, decisions, archived_at FROM archives ORDER BY month
