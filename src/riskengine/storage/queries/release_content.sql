-- The content of one release. Reads: releases by primary key.
SELECT content FROM releases WHERE kind = $1 AND version = $2
