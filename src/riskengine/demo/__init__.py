"""The demonstration: real transactions into a running stack, and what becomes of them.

`demonstration` (the whole) · `sample` (what is sent) · `sender` over `connection` and `requests`, with a `journal` ·
`display` (live) · `results`, `examples` and `summary` (at the end) · `audit` (was the promise kept) ·
`invitation` (what to try next)
"""
