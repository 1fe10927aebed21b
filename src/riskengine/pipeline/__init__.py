"""The use cases: how a transaction is taken in, decided and never lost.

`ingest` (accept, by `gathering` into group commits) · `publisher` (onto the stream) · `decide` (score and store, with
`recall` and `rebuild` of what scoring remembers) · `immediate` (both, while the sender waits) · `relay` (what got lost
on the way)
"""
