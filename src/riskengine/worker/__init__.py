"""The worker process. `worker` (the process) · `consumer` (one reader of the queue) · `claims` (accounts in hand)"""
