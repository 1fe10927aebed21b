-- Keeps a new list. Writes: lists. Parameters: name, kind, effect, field, description, version it comes in.
INSERT INTO lists (name, kind, effect, field, description, added_in) VALUES ($1, $2, $3, $4, $5, $6)
