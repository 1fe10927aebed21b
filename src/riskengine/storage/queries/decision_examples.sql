-- For each outcome the transaction with the highest score. Reads: decisions, all of them.
SELECT DISTINCT ON (outcome) outcome, transaction_id FROM decisions ORDER BY outcome, score DESC, cardinality(rules) DESC
