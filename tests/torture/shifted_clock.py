"""Runs a program of the bridge with its clock moved by the seconds that a file holds: `python -m … FILE MODULE`.

The file is read at each look at the clock, so that the clocks of all processes jump at the same moment.
"""

from __future__ import annotations

import runpy
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.bootstrap import WallClock


def shift_clock(offset_file: Path) -> None:
    """Move the clock of this process by the seconds in the file."""

    def now(_clock: WallClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(offset_file.read_text() or 0))

    WallClock.now = now  # type: ignore[method-assign]


if __name__ == "__main__":
    shift_clock(Path(sys.argv[1]))
    module = sys.argv[2]
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
