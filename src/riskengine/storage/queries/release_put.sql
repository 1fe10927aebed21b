-- Keeps a release, made from a draft. Reads: drafts by primary key. Writes: releases.
-- Parameters: draft, version, content, note.
INSERT INTO releases (kind, version, content, created_by, approved_by, note, published_at)
SELECT kind, $2, $3, created_by, approved_by, $4, clock_timestamp() FROM drafts WHERE draft_id = $1
