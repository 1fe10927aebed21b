"""PostgreSQL, which holds the truth.

`database` (the pool) · `queries` (the SQL, by name) · `submissions` (what comes in) · `decisions` · `transactions` ·
`accounts` · `partitions` (months) · `migrate` (the schema)
"""
