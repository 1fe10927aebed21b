-- Keeps a new API key. Writes: api_keys. $5 and $6: transactions a second and at once, NULL without limit.
INSERT INTO api_keys (key_id, name, key_digest, scopes, rate, burst) VALUES ($1, $2, $3, $4, $5, $6)
