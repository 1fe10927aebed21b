"""The scoring core: transactions and what is remembered in, verdicts out. Pure: no I/O, no clock, no chance.

`engine` (the door) · `memory` (all that changes) · `history` with `event`, `records`, `thinning` (an account's past) ·
`shared`, `peers` (what accounts have in common) · `money`, `hashing` · `features` (what there is to know) ·
`behaviour`, `rules`, `composite` (the parts of a score) · `explain` (reasons) · `data` (catalogue, rules, rates)
"""

from riskengine.scoring.engine import Engine
from riskengine.scoring.history import History
from riskengine.scoring.memory import Memory
from riskengine.scoring.peers import Moments, Peer, Peers

__all__ = ["Engine", "History", "Memory", "Moments", "Peer", "Peers"]
