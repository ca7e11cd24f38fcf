"""Raises how many files and connections this process may have open."""

from __future__ import annotations

import resource

WANTED = 65_536


def raise_open_files_limit() -> None:
    """Raise the soft limit to the hard one, 65,536 at most: each connection of a slow client holds one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
