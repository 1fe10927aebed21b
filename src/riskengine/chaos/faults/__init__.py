"""What can be done to a running engine. Each fault happens, lasts, and heals; `riskengine.chaos.kinds` lists them.

`fault` (what they have in common) · `process` (kill, freeze, restart) · `network` · `valkey` · `disk` · `failpoint`
(crashes between two steps, clocks) · `poison`
"""
