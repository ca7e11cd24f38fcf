"""Lets a test of a step run on one database where its neighbours run on the other: `--deep` runs each on both.

A step holds no SQL: what both databases make of a statement is shown in tests/store, where every test runs on both. Above
the store a test shows what the step does, and half of them on each database show that the step and the store fit together.
A function with several cases meets both databases: its cases take turns.
"""

from __future__ import annotations

import re
from collections import Counter
from zlib import crc32

import pytest

DATABASES = ("sqlite", "postgres")
IN_TURN = ("tests/steps/", "tests/cli/", "tests/web/")
# Both databases must show it: threads that meet at a lock, and what is written over in the files themselves.
ON_BOTH = (
    "tests/steps/retention/test_expire_documents.py",
    "tests/steps/retention/test_overwrite_remnants.py",
    "tests/steps/erasure/test_short_transactions.py",
    "tests/cli/dsr/test_replay_in_bulk.py",
    "tests/cli/index/test_reconcile.py",
)
CASE = re.compile(r"(?<=[\[-])(?:sqlite|postgres)(?=[\]-])")


def split_turns(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests that run, and those whose turn it is not. The same names give the same turns."""
    chosen = _choose_databases([item.nodeid for item in items])
    out = [item for item in items if chosen.get(_name_case(item.nodeid)) not in (None, *CASE.findall(item.nodeid))]
    left_out = set(map(id, out))
    return [item for item in items if id(item) not in left_out], out


def _choose_databases(nodeids: list[str]) -> dict[str, str]:
    """Return the database of each case that would run on both."""
    found = Counter(_name_case(each) for each in nodeids if _takes_turns(each))
    chosen, cases = {}, Counter[str]()
    for case in (name for name, times in found.items() if times == len(DATABASES)):
        function = case.partition("[")[0]
        chosen[case] = DATABASES[(crc32(function.encode()) + cases[function]) % len(DATABASES)]
        cases[function] += 1
    return chosen


def _takes_turns(nodeid: str) -> bool:
    return nodeid.startswith(IN_TURN) and not nodeid.startswith(ON_BOTH) and len(CASE.findall(nodeid)) == 1


def _name_case(nodeid: str) -> str:
    return CASE.sub("", nodeid)
