"""A leash: when the process that holds it ends, however it ends, the session it watches is killed.

Runs as a process of its own (`python -I -S leash.py PID`) and reads its standard input, which nobody writes
to; the end of input is the end of the owner. Imports nothing of the bridge and says nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def list_session_pids(session: int) -> list[int]:
    """Process ids of a session that are not dead: also those that left the process group.

    RQ's work-horses leave it; a dead one may wait long for an init that does not reap.
    """
    return [pid for pid, state in _list_processes() if state != "Z" and _get_session_id(pid) == session]


def _list_processes() -> list[tuple[int, str]]:
    """Every process with the first letter of its state."""
    if not PROC.is_dir():  # macOS
        listing = subprocess.run(
            ["/bin/ps", "-axo", "pid=,stat="], capture_output=True, text=True, check=True
        )
        return [(int(row.split()[0]), row.split()[1][0]) for row in listing.stdout.splitlines()]
    rows = []
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it ended meanwhile
                rows.append((int(entry.name), (entry / "stat").read_text().rpartition(") ")[2][0]))
    return rows


def _get_session_id(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def signal_session(session: int, signal_number: signal.Signals) -> int:
    """Signal every process of a session. Returns how many took it."""
    reached = 0
    for pid in list_session_pids(session):
        with suppress(OSError):
            os.kill(pid, signal_number)
            reached += 1
    return reached


class SessionKiller:
    """Holds one session, whose leader is `pid`, until released."""

    def __init__(self, pid: int) -> None:
        """Watch from now on."""
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(pid)], stdin=subprocess.PIPE, start_new_session=True
        )

    def disarm(self) -> None:
        """Let go: the session may outlive its owner, or is gone already. Twice is once."""
        self._watcher.kill()
        self._watcher.wait()
        if self._watcher.stdin is not None:
            self._watcher.stdin.close()


if __name__ == "__main__":
    sys.stdin.read()
    signal_session(int(sys.argv[1]), signal.SIGKILL)
