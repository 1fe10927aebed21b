"""Runs a program that cannot outlive its parent: `python leash.py PARENT_PID SIGNAL UID GID PROGRAM [ARGUMENT...]`.

A script of its own, because what it does must happen between fork and exec, where a process with threads must not run
code of its own: it gives up root if told to (UID -1 keeps the user), asks the kernel to send SIGNAL when the parent
dies, and becomes the program. The order matters: a change of user forgets the request.
Only Linux knows such a request; elsewhere the program runs unleashed, and is stopped by its parent alone.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(arguments: list[str]) -> None:
    parent, death_signal, uid, gid = (int(argument) for argument in arguments[:4])
    program = arguments[4:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # it died before it could be asked for
            os._exit(1)
    for ignored_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored_by_python, signal.SIG_DFL)
    os.execv(program[0], program)


if __name__ == "__main__":
    main(sys.argv[1:])
