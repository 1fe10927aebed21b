-- Why messages became dead letters: by fingerprint, the one seen last first, each with its newest letter as a sample.
-- Reads: dead_letters, pending by primary key. $1 to $6: which letters, as in letters_page.sql.
SELECT l.fingerprint, count(*) AS letters,
       count(*) FILTER (WHERE l.state = 'open' AND (l.transaction_id IS NULL OR p.transaction_id IS NOT NULL)) AS open,
       min(l.failed_at) AS first_seen, max(l.failed_at) AS last_seen,
       (array_agg(l.error_class ORDER BY l.letter_id DESC))[1] AS error_class,
       (array_agg(l.error ORDER BY l.letter_id DESC))[1] AS error,
       (array_agg(l.letter_id ORDER BY l.letter_id DESC))[1] AS sample
FROM dead_letters l LEFT JOIN pending p ON p.transaction_id = l.transaction_id
WHERE ($1::uuid[] IS NULL OR l.letter_id = ANY ($1::uuid[]))
  AND ($2::text IS NULL OR l.fingerprint = $2) AND ($3::text IS NULL OR l.error_class = $3)
  AND ($4::text IS NULL OR l.account_id = $4)
  AND l.letter_id >= $5::uuid AND l.letter_id < $6::uuid
GROUP BY l.fingerprint
ORDER BY last_seen DESC
