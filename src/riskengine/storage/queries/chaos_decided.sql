-- All decisions, in the order of their accounts, with four of their features. Only for chaos.
-- Reads: decisions, accounts, all of both. $1 to $4: the places of the features in the vector, from 1.
SELECT d.transaction_id, d.account_id, d.account_sequence, a.history_seq, d.score, d.outcome,
       ARRAY[d.features[$1::int], d.features[$2::int], d.features[$3::int], d.features[$4::int]] AS features
FROM decisions d LEFT JOIN accounts a USING (account_id)
ORDER BY d.account_id, d.account_sequence
