"""How many examples a property is tried with: a third of what `make test-deep` tries."""

from __future__ import annotations

import os

DEEP = "BRIDGE_TEST_DEEP"  # of the tests themselves, set by `--deep` before a test module is imported


def count_examples(deep: int) -> int:
    """Return how many of so many examples to try."""
    return deep if os.environ.get(DEEP) else max(5, deep // 3)
