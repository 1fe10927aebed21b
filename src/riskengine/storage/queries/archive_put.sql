-- Notes that a month is archived; said again, it replaces what was noted. Writes: archives by primary key.
-- $1: its first day. $2: directory. $3: SHA-256 of the manifest. $4 and $5: transactions and decisions. $6: when.
INSERT INTO archives (month, directory, manifest_sha256, transactions, decisions, archived_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (month) DO UPDATE
    SET directory = excluded.directory, manifest_sha256 = excluded.manifest_sha256, transactions = excluded.transactions,
        decisions = excluded.decisions, archived_at = excluded.archived_at
