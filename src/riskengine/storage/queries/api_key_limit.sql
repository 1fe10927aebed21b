-- Sets how much may be sent with an API key that is still good, and returns it. Writes: api_keys by primary key.
-- $2 and $3: transactions a second and at once, NULL without limit.
UPDATE api_keys SET rate = $2, burst = $3 WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id
