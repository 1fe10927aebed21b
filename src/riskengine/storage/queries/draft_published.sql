-- Notes the release that an open draft became. Writes: drafts by primary key. Parameters: id, version, approval needed.
UPDATE drafts SET state = 'published', version = $2
WHERE draft_id = $1 AND (state = 'approved' OR (NOT $3 AND state IN ('draft', 'checked')))
RETURNING draft_id
