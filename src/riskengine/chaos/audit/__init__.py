"""What is checked once all has healed.

`findings` (the form) · `holdings` (what PostgreSQL has) · `promises`, `windows`, `letters`, `bounds` (the checks) ·
`auditing` (all of it)
"""
