-- Ends an open draft. Writes: drafts by primary key.
UPDATE drafts SET state = 'discarded' WHERE draft_id = $1 AND state IN ('draft', 'checked', 'approved')
RETURNING draft_id, kind, base, state, created_by, created_at, note, checked_at, approved_by, approved_at, version
