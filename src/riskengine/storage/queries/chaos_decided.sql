-- All decisions, in the order of their accounts, with some of their features. Only for chaos.
-- Reads: decisions, accounts, all of both. $1: the places of the features in the vector, from 1.
SELECT d.transaction_id, d.account_id, d.account_sequence, a.history_seq, d.score, d.outcome,
       ARRAY(SELECT d.features[place] FROM unnest($1::int[]) WITH ORDINALITY AS w (place, number) ORDER BY number) AS features
FROM decisions d LEFT JOIN accounts a USING (account_id)
ORDER BY d.account_id, d.account_sequence
