"""Looking at an installation: whether what it stands on is as it must be, and what to do where it is not.

finding: what a check says · patient: what is looked at · configuration, collector, postgresql, permissions, contents,
replicas, processes, redis: the checks, a function each · clocks: what is said of two · examination: all in order
"""
