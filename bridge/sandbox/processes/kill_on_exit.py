"""Kill a session when the process that watches it ends, for whatever reason it ends.

It runs as a separate process (WAIT) and reads its standard input, to which nothing is written: end of input means that
the owner ended. It imports nothing of the bridge and prints nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
# One beside every process that is started: it imports what it needs when it has something to do.
WAIT = "import sys; sys.stdin.read(); import runpy; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"


def list_session_pids(session: int) -> list[int]:
    """Return the ids of the living processes of a session, also of those that left the process group.

    RQ's work-horses leave it; a zombie may wait long for an init that does not reap.
    """
    if not PROC.is_dir():  # macOS
        listing = subprocess.run(["/bin/ps", "-axo", "pid=,stat="], capture_output=True, text=True, check=True)
        rows = [row.split() for row in listing.stdout.splitlines()]
        return [int(pid) for pid, state in rows if state[0] != "Z" and _get_session_id(int(pid)) == session]
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if _get_session_id(pid) == session and _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    """Return whether a process of Linux has not ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:  # it ended meanwhile
        return False


def _get_session_id(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def signal_session(session: int, signal_number: signal.Signals) -> int:
    """Send a signal to every process of a session. Returns how many received it."""
    signalled = 0
    for pid in list_session_pids(session):
        with suppress(OSError):
            os.kill(pid, signal_number)
            signalled += 1
    return signalled


class SessionKiller:
    """A guard that kills the session of `pid` when this process ends, until it is disarmed."""

    def __init__(self, pid: int) -> None:
        """Start to watch the session."""
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WAIT, __file__, str(pid)], stdin=subprocess.PIPE, start_new_session=True
        )

    def disarm(self) -> None:
        """Stop to watch: the session may outlive this process, or has ended. May be called twice."""
        self._watcher.kill()
        self._watcher.wait()
        if self._watcher.stdin is not None:
            self._watcher.stdin.close()


if __name__ == "__main__":
    signal_session(int(sys.argv[1]), signal.SIGKILL)
