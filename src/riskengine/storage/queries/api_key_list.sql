-- All API keys, oldest first. Reads: api_keys (as many rows as people made keys).
SELECT * FROM api_keys ORDER BY created_at, key_id
