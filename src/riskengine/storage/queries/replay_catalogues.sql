-- The versions of catalogues that ever ran. Reads: publications.
SELECT DISTINCT version::integer AS version FROM publications WHERE kind = 'catalogue' AND version IS NOT NULL
