-- The content of one draft. Reads: drafts by primary key.
SELECT content FROM drafts WHERE draft_id = $1
