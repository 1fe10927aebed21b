"""Looking at an installation: whether what it stands on is as it must be, and what to do where it is not.

finding: what a check says · patient: what is looked at · postgresql, replicas, redis, processes: the checks, a function
each · examination: all of them in order
"""
