-- Which partition of the queue a pending transaction is on, and how much each process does.

-- The bucket of an account, of which its partition is the remainder: the same as riskengine.domain.stream_partition computes.
CREATE FUNCTION account_bucket(account_id text) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (('x' || left(md5(account_id), 8))::bit(32)::bigint % 16384)::smallint;

ALTER TABLE pending ADD COLUMN bucket smallint NOT NULL DEFAULT 0;   -- 0 where a process of an older version wrote the row:
                                                                     -- the relay may then look at another partition's stream
UPDATE pending p SET bucket = account_bucket(t.account_id)
FROM transactions t WHERE t.transaction_id = p.transaction_id AND t.created_at = p.created_at;

ALTER TABLE processes ADD COLUMN rate double precision NOT NULL DEFAULT 0;   -- transactions decided a second
