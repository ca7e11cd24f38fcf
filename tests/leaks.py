"""Finds threads and file descriptors that a test module leaves open.

What a session fixture opened is expected: it lives to the end of the session.
"""

from __future__ import annotations

import gc
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

SETTLE_S = 3.0
POLL_S = 0.05

# Threads that live as long as their process, once it has had a use for them.
PROCESS_THREADS = (
    "execnet",  # pytest-xdist
)
# The town that the tests of tests/e2e share opens connections to its database when it needs them.
SESSION_FOLDER = "/town0/"
# What may be left for a while: a connection that a session of `requests` keeps until it is collected.
ALLOWED = Counter({"file socket": 4})
NUMBER = re.compile(r":?\[\d+\]$|-\d+\b")
# Descriptors that live as long as their process: files that libraries keep open.
PROCESS_FILES = ("/dev/", "/proc/", "anon_inode:[eventpoll]", "anon_inode:[eventfd]")


@dataclass(frozen=True)
class OpenResources:
    """The threads (number and name) and the descriptors (number and target) that are open at one moment."""

    threads: frozenset[tuple[int, str]] = field(default_factory=frozenset)
    files: frozenset[tuple[int, str]] = field(default_factory=frozenset)

    @classmethod
    def read(cls) -> Self:
        """Read those of this process; no files where the system has no /proc."""
        threads = frozenset((each.ident or 0, each.name) for each in threading.enumerate())
        return cls(threads, frozenset(_list_files()))

    def __or__(self, other: OpenResources) -> OpenResources:
        return OpenResources(self.threads | other.threads, self.files | other.files)

    def __sub__(self, other: OpenResources) -> OpenResources:
        return OpenResources(self.threads - other.threads, self.files - other.files)

    def count_by_kind(self) -> Counter[str]:
        """Count what is open by its kind, without what lives as long as the process.

        Numbers of threads, pipes and sockets do not count: a server may be restarted.
        """
        threads = (name for _, name in self.threads if not name.startswith(PROCESS_THREADS))
        files = (target for _, target in self.files if not _is_of_process(target))
        return Counter(NUMBER.sub("", f"thread {name}") for name in threads) + Counter(
            NUMBER.sub("", f"file {target}") for target in files
        )


class SessionResources:
    """What session fixtures opened; a plugin of pytest."""

    def __init__(self) -> None:
        self.opened = OpenResources()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[None]:
        """Remember what is open after the setup of a session fixture and was not before."""
        if fixturedef.scope != "session":
            return (yield)
        before = OpenResources.read()
        result = yield
        self.opened |= OpenResources.read() - before
        return result


def _is_of_process(target: str) -> bool:
    return target.startswith(PROCESS_FILES) or SESSION_FOLDER in target


def _list_files() -> list[tuple[int, str]]:
    folder, found = Path("/proc/self/fd"), []
    for each in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError):  # the descriptor of this listing is closed by now
            found.append((int(each.name), str(each.readlink())))
    return found


def find_leaks(expected: OpenResources) -> list[str]:
    """Name what is open and not expected. Wait a little for what is just ending."""
    deadline = time.monotonic() + SETTLE_S
    while leaks := OpenResources.read().count_by_kind() - expected.count_by_kind() - ALLOWED:
        if time.monotonic() > deadline:
            return sorted(f"{number} x {kind}" for kind, number in leaks.items())
        gc.collect()
        time.sleep(POLL_S)
    return []
