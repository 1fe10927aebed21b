-- One release without its content. Reads: releases by primary key.
SELECT kind, version, created_by, approved_by, note, published_at FROM releases WHERE kind = $1 AND version = $2
