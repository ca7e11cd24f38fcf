"""Run `doctor` and read its checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.e2e import processes


def index_checks(output: processes.Result, prefix: str = "") -> dict[str, dict[str, Any]]:
    """Return the checks whose names begin so, by name."""
    return {check["name"]: check for check in output.json["checks"] if check["name"].startswith(prefix)}


def run_offline_doctor(environ: Mapping[str, str], prefix: str = "") -> tuple[int, dict[str, dict[str, Any]]]:
    """Run the checks that need no other system; return the exit code and the checks by name."""
    output = processes.say(environ, "doctor", "--offline", "--json")
    return output.code, index_checks(output, prefix)
