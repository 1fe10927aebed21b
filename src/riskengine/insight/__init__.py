"""What decisions add up to: rollups by hour and by day, and what is read from them and from accounts.

`rollups` keeps them, `rollup_check` compares them with a full scan; `summaries`, `profiles` and `lookups` read.
"""
