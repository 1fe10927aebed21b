-- How far deciding has got. Only for chaos, in which each step of a fence is a decision.
-- Reads: accounts and pending, all of both. Returns one row; `held` are pending and held by dead letters.
SELECT (SELECT coalesce(sum(history_seq), 0)::int8 FROM accounts) AS decided,
       count(*)                                         AS pending,
       count(*) FILTER (WHERE retry_at = 'infinity')    AS held
FROM pending
