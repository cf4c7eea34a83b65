"""Ends a process with its parent, also when the parent is killed and can say nothing.

Two ways, because neither does everywhere. Linux sends a signal when the parent dies (``prctl(2)``, PR_SET_PDEATHSIG),
which survives ``exec``. And a pipe from the parent reaches its end when the parent is gone, whatever the system.

As a program, ``python guard.py COMMAND…`` runs a command that ends with the parent: on Linux it becomes the command,
elsewhere it stays and watches its standard input.
"""

import ctypes
import os
import signal
import subprocess
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent(parent: int) -> bool:
    """Ask Linux for SIGTERM when the parent (the thread that started this process, to be exact) dies.

    Args:
        parent: its process id; if it is no longer the parent, it died before, and this process ends at once.

    Returns:
        Whether the system can do so.
    """
    if sys.platform != "linux":
        return False
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        return False
    if os.getppid() != parent:
        sys.exit(0)
    return True


def main(parent: int, command: list[str]) -> int:
    """Run a command that ends with this process's parent."""
    if end_with_parent(parent):
        os.execv(command[0], command)  # noqa: S606 - becoming the command is the point
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as child:  # noqa: S603 - the caller's own command

        def stop(*_: object) -> None:
            child.terminate()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGCHLD, lambda *_: os.close(0))  # ends the read below when the command ends by itself
        try:
            while os.read(0, 1):
                pass
        except OSError:
            pass
        child.terminate()
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
