-- One API key, revoked or not. Reads: api_keys by primary key.
SELECT * FROM api_keys WHERE key_id = $1
