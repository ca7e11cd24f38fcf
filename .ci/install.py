"""Install a requirement file with hashes into the environment of this Python, and show how far it is."""

# ruff: noqa: INP001, S603 - a script, not a package; it starts pip
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

SHOWN_LINES = 15  # of pip's, where it fails


def main() -> None:
    """Install, and exit with pip's code."""
    path = Path(sys.argv[1])
    total = len(re.findall(r"^[A-Za-z0-9]", path.read_text(encoding="utf-8"), re.MULTILINE))
    options = ["--disable-pip-version-check", "--progress-bar", "off", "--require-hashes", "--no-deps", "-r", str(path)]
    command = [sys.executable, "-m", "pip", "install", *options]
    lines = []
    found = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            lines.append(line)
            if line.startswith(("Collecting ", "Requirement already", "Ignoring ")):
                found += 1
                _show(f"   {found} of {total} packages fetched")
            elif line.startswith("Installing collected"):
                _show(f"   {found} of {total} packages fetched; installing them")
    sys.stdout.write("\n" if sys.stdout.isatty() else "")
    if pip.returncode:
        sys.stderr.writelines(lines[-SHOWN_LINES:])
    sys.exit(pip.returncode)


def _show(text: str) -> None:
    """Overwrite the line in a terminal; write no line for each package where there is none."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r{text}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
