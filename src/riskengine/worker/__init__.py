"""The worker process. `worker` (the process) · `consumer` (one reader of the queue) · `crew` (what they
have in common: `claims` on accounts, `turns` at reading) · `deaths` (of other workers)"""
