"""A client of the API that costs little: for the demonstration, for chaos and for benchmarks.

`requests` (what goes over the wire) · `connection` (how) · `closed_loop` (many at once)
"""
