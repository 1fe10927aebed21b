-- The releases of a kind, newest first, without their content. Reads: releases by the primary key's first column.
SELECT kind, version, created_by, approved_by, note, published_at FROM releases WHERE kind = $1 ORDER BY version DESC
