-- The newest number of a kind, 0 if there is none. Reads: releases by primary key.
SELECT coalesce(max(version), 0) AS version FROM releases WHERE kind = $1
