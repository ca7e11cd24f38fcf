"""Distributes tests among pytest-xdist's workers: the tests of a file stay together, and all that share a whole town.

The servers that a file starts, and the town of tests/e2e, are then started once. `--dist loadgroup` would say the same,
but pytest-xdist 3.8 writes the group into a field of the test that pytest 9.2 does not have, and distributes each test alone.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parents[3]
TOWN = re.compile(r"\bdef test_\w+\([^)]*\btown\b")


class FileScheduling(LoadScopeScheduling):
    """Schedules a file, or the files that share the town, as one unit of work."""

    def _split_scope(self, nodeid: str) -> str:
        return find_unit(nodeid.partition("::")[0])


@cache
def find_unit(path: str) -> str:
    """Return what a test file is scheduled with: itself, or `town`."""
    return "town" if TOWN.search((ROOT / path).read_text()) else path
