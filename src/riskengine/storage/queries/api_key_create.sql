-- Keeps a new API key. Writes: api_keys.
INSERT INTO api_keys (key_id, name, key_digest, scopes) VALUES ($1, $2, $3, $4)
