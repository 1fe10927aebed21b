-- Notes that an open draft was found fit to run; an approved one stays so. Writes: drafts by primary key.
UPDATE drafts SET checked_at = now(), state = CASE state WHEN 'draft' THEN 'checked' ELSE state END
WHERE draft_id = $1 AND state IN ('draft', 'checked', 'approved')
RETURNING draft_id, kind, base, state, created_by, created_at, note, checked_at, approved_by, approved_at, version
