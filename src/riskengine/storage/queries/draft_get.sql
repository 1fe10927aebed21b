-- One draft without its content. Reads: drafts by primary key.
SELECT draft_id, kind, base, state, created_by, created_at, note, checked_at, approved_by, approved_at, version
FROM drafts WHERE draft_id = $1
