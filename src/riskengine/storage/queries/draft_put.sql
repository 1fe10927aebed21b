-- Keeps a draft. Writes: drafts. Parameters: id, kind, content, base, who, note.
INSERT INTO drafts (draft_id, kind, content, base, created_by, note) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING draft_id, kind, base, state, created_by, created_at, note, checked_at, approved_by, approved_at, version
