"""Months out of PostgreSQL into files, and back: the same rows, bit for bit.

`columns` (how a value lies in a file) · `manifest` (what an archive says of itself) · `exporting` and `reading` (rows
to files and back) · `archiving` · `restoring` · `dropping` · `retention` (what is due) · `overview` · `querying`
(archives and live rows together)
"""
