"""What a day would do to an installation: arrivals, failures and the autoscaler played through in simulated time.

A scenario (`scenario`, `arrivals`, `failures`) is played (`simulation`, on `plant`) into moments and what
happened (`course`), summed up and judged (`summary`), and shown (`terminal`, `picture`).
"""
