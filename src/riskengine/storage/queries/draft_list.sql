-- The open drafts of a kind, oldest first, without their content. Reads: drafts by its partial index.
SELECT draft_id, kind, base, state, created_by, created_at, note, checked_at, approved_by, approved_at, version
FROM drafts WHERE kind = $1 AND state IN ('draft', 'checked', 'approved') ORDER BY created_at, draft_id
