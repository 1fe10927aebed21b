"""The demonstration: real transactions into a running stack, and what becomes of them.

`demonstration` (the whole) · `sample` (what is sent) · `sender`, with a `journal` · `display` (live) · `results`,
`examples` and `summary` (at the end) · `invitation` (what to try next)
"""
