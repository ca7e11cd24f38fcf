"""Measure what a host installs: the runtime requirements, and the project without what .slugignore leaves out.

`python .ci/slug.py` installs into a temporary folder, without bytecode, which Python makes anew. Exit 1 over the limits.
"""

# ruff: noqa: INP001, S603 - a script, not a package; it starts pip and git
from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_PACKAGES, MAX_INSTALLED_MB = 45, 110


def main() -> None:
    """Install, print the figures, and exit with 1 where a limit is passed."""
    requirements = ROOT / "requirements.txt"
    packages = len(re.findall(r"^[A-Za-z0-9]", requirements.read_text(encoding="utf-8"), re.MULTILINE))
    with tempfile.TemporaryDirectory() as folder:
        options = ["--target", folder, "--no-compile", "--no-deps", "--require-hashes", "--quiet"]
        options += ["--disable-pip-version-check", "-r", str(requirements)]
        subprocess.run([sys.executable, "-m", "pip", "install", *options], check=True)
        sizes = {each.name: _measure(each) for each in Path(folder).iterdir()}
    installed = sum(sizes.values())
    for name, size in sorted(sizes.items(), key=lambda each: -each[1])[:8]:
        _show(f"   {name:28} {size / 1e6:6.1f} MB")
    _show(
        f"{packages} packages (at most {MAX_PACKAGES}), installed {installed / 1e6:.1f} MB (at most {MAX_INSTALLED_MB})"
    )
    _show(f"the project itself: {_measure_project() / 1e6:.1f} MB")
    sys.exit(packages > MAX_PACKAGES or round(installed / 1e6, 1) > MAX_INSTALLED_MB)


def _measure(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_size for each in files if each.is_file())


def _measure_project() -> int:
    """Return the bytes of what git tracks and .slugignore does not leave out."""
    left_out = (ROOT / ".slugignore").read_text(encoding="utf-8").split()
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True, text=True).stdout  # noqa: S607
    kept = [name for name in tracked.splitlines() if not any(_is_left_out(name, each) for each in left_out)]
    return sum((ROOT / name).stat().st_size for name in kept if (ROOT / name).is_file())


def _is_left_out(name: str, rule: str) -> bool:
    if rule.startswith("/"):
        return f"/{name}" == rule or f"/{name}".startswith(f"{rule}/")
    return Path(name).match(rule)


def _show(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
