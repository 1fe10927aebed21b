"""The embedded stack: real servers from wheels, and the engine's processes, under one parent on one machine.

stack: all of it · postgres, valkey, balancer, roster: the servers · engine, crew: API processes and workers · scaling,
standing, governor: more or fewer of them · process, leash: how each is run, kept and ended · programs, identity, ports,
lock, interruption: what that takes
"""
