"""Chaos: a stack of its own in which everything fails, and an audit of what was promised.

`options` (what is asked) · `stage` (the stack, with `proxy`, `disk` and `orders` around it) · `play` (the whole run) ·
`load` over `traffic`, with a `record` · `kinds` of `faults`, put in order by `schedule`, carried out by `conductor` on
the `ground`, with `poison` · `meter` (what is measured) · `audit` (what is checked) · `timeline`, `report`, `keeping`
"""
