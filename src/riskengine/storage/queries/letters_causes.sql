-- Why messages became dead letters: by fingerprint, the one seen last first, each with its newest letter as a sample.
-- Reads: dead_letters, pending by primary key. $1 to $6: which letters, as in letters_page.sql.
-- Freshness: 5 s. All letters are counted, for an overview; whoever has just replayed one sees that one by itself.
WITH causes AS (
    SELECT count(*) AS letters, min(l.failed_at) AS first_seen, max(l.failed_at) AS last_seen,
           count(*) FILTER (WHERE l.state = 'open' AND (l.transaction_id IS NULL OR p.transaction_id IS NOT NULL)) AS open,
           max(l.letter_id::text)::uuid AS sample     -- their text is in the order of time, too
    FROM dead_letters l LEFT JOIN pending p ON p.transaction_id = l.transaction_id
    WHERE ($1::uuid[] IS NULL OR l.letter_id = ANY ($1::uuid[]))
      AND ($2::text IS NULL OR l.fingerprint = $2) AND ($3::text IS NULL OR l.error_class = $3)
      AND ($4::text IS NULL OR l.account_id = $4)
      AND l.letter_id >= $5::uuid AND l.letter_id < $6::uuid
    GROUP BY l.fingerprint
)
SELECT s.fingerprint, c.letters, c.open, c.first_seen, c.last_seen, s.error_class, s.error, c.sample
FROM causes c JOIN dead_letters s ON s.letter_id = c.sample
ORDER BY c.sample DESC
