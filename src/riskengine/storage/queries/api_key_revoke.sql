-- Ends an API key, and returns it if it was still good. Writes: api_keys by primary key.
UPDATE api_keys SET revoked_at = now() WHERE key_id = $1 AND revoked_at IS NULL RETURNING key_id
