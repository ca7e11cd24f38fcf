"""The audit of dependencies says when it audited nothing, and fails unless that is allowed."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "audit.py"
NONE_AUDITED = '{"dependencies": [{"name": "flask", "skip_reason": "no answer"}]}'
AUDITED = '{"dependencies": [{"name": "flask", "version": "3", "vulns": []}]}'
VULNERABLE = '{"dependencies": [{"name": "flask", "version": "3", "vulns": [{"id": "CVE-1", "fix_versions": ["4"]}]}]}'


@pytest.mark.parametrize(
    ("stdout", "stderr", "allowed", "code"),
    [
        ("", "ConnectionError: no route", "", 3),
        ("", "ConnectionError: no route", "0", 3),
        ("", "ConnectionError: no route", "1", 0),
        (NONE_AUDITED, "", "", 3),
        (NONE_AUDITED, "", "1", 0),
        ("", "the file is malformed", "1", 1),
        (AUDITED, "", "", 0),
        (VULNERABLE, "", "1", 1),
    ],
)
def test_what_was_not_audited_fails_unless_allowed(tmp_path, stdout, stderr, allowed, code):
    tool = tmp_path / "pip-audit"
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{stdout}\nEND\necho '{stderr}' >&2\n")
    tool.chmod(0o700)
    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    environ = {"PATH": os.defpath, "AUDIT_MAY_BE_SKIPPED": allowed}
    run = subprocess.run(
        [str(python), str(SCRIPT), "requirements.txt"], env=environ, capture_output=True, text=True, check=False
    )
    assert run.returncode == code, run.stdout + run.stderr
    assert ("NOT DONE" in run.stdout) == ("ConnectionError" in stderr or "skip" in stdout)


def test_the_script_names_its_exit_codes():
    assert runpy.run_path(str(SCRIPT))["NOT_DONE"] == 3
