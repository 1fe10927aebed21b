-- Notes who approved an open draft: not the one who made it. Writes: drafts by primary key. Parameters: id, who.
UPDATE drafts SET approved_at = now(), approved_by = $2, state = 'approved'
WHERE draft_id = $1 AND state IN ('draft', 'checked', 'approved') AND created_by <> $2
RETURNING draft_id, kind, base, state, created_by, created_at, note, checked_at, approved_by, approved_at, version
