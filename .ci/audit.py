"""Audit a hashed requirements file for known vulnerabilities, and say honestly what could not be audited.

Exit 0: audited, nothing known. Exit 1: a vulnerability is known, or the file is unreadable. Exit 3: nothing was audited,
because the vulnerability service cannot be reached or knows no package. A machine without that service sets
AUDIT_MAY_BE_SKIPPED=1: then exit 3 becomes 0, and the line that says so stays.
"""

# ruff: noqa: INP001 - a script, not a package
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

OPTIONS = ("--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off")
NOT_DONE = 3
UNREACHED = ("ConnectionError", "ServiceError", "Timeout", "Could not connect", "network may be blocking")


def verdict(stdout: str, stderr: str) -> tuple[int, list[str]]:
    """Turn pip-audit's answer into an exit code and lines for a person."""
    try:
        packages = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        if any(word in stderr for word in UNREACHED):
            return NOT_DONE, ["audit: NOT DONE, the vulnerability service cannot be reached"]
        return 1, ["audit: failed", *stderr.strip().splitlines()[-5:]]
    known = [
        f"audit: {each['name']} {each['version']}: {fault['id']}, fixed in {fault['fix_versions'] or 'none'}"
        for each in packages
        for fault in each.get("vulns", ())
    ]
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    audited = len(packages) - len(skipped)
    if known:
        return 1, known
    if not audited:
        return NOT_DONE, [f"audit: NOT DONE, the vulnerability service gave none of the {len(skipped)} packages"]
    lines = [f"audit: {audited} packages, no known vulnerability"]
    if skipped:
        lines.append(f"audit: NOT DONE for {len(skipped)}: {', '.join(skipped)}")
    return 0, lines


def main(path: str) -> int:
    """Audit one file and print the verdict."""
    tool = Path(sys.executable).with_name("pip-audit")
    done = subprocess.run(  # noqa: S603 - our own tool, our own file
        [str(tool), "-r", path, *OPTIONS], capture_output=True, text=True, check=False
    )
    code, lines = verdict(done.stdout, done.stderr)
    if code == NOT_DONE:
        is_allowed = os.environ.get("AUDIT_MAY_BE_SKIPPED") == "1"
        lines.append(
            "audit: AUDIT_MAY_BE_SKIPPED=1 allows that"
            if is_allowed
            else "audit: AUDIT_MAY_BE_SKIPPED=1 would allow that"
        )
        code = 0 if is_allowed else NOT_DONE
    print("\n".join(lines))  # noqa: T201 - talks to a terminal
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
