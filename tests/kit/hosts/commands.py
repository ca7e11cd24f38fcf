"""Stand in for the commands of hosts in tests of their pages: what they are called by, they do in a small way.

Installed under the names in NAMES. Settings go to the file $HOST_SETTINGS; `run` and the release command get those and nothing
else, beside the addresses of Postgres and Redis that a host's add-ons set ($HOST_ADDONS, as JSON). Everything is logged.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

NAMES = (
    "heroku", "dokku", "fly", "git", "apt-get", "useradd", "sudo", "systemctl", "python3", "age", "age-keygen",
)  # fmt: skip
LOG = "host.log"


def main() -> None:
    """Do what the command of this name would do with these words."""
    name, words = Path(sys.argv[0]).name, sys.argv[1:]
    with Path(os.environ["HOST_SETTINGS"]).with_name(LOG).open("a") as log:
        log.write(shlex.join([name, *words]) + "\n")
    settings = Path(os.environ["HOST_SETTINGS"])
    pairs = [word for word in words if "=" in word and word.partition("=")[0].isupper()]
    if words[:1] == ["config:set"] or words[:2] == ["secrets", "set"]:
        _add(settings, pairs)
    elif words[:2] == ["secrets", "import"]:
        _add(settings, shlex.split(sys.stdin.read()))
    elif (name == "git" and words[0] == "push") or words == ["deploy"]:
        release = next(line for line in Path("Procfile").read_text().splitlines() if line.startswith("release: "))
        _run(shlex.split(release.removeprefix("release: ")), settings)
    elif "python" in words:  # heroku run python …, dokku run APP python …
        _run(words[words.index("python") :], settings)
    elif words[:2] == ["ssh", "console"]:
        _run(shlex.split(words[-1]), settings)
    elif name == "age":
        (target,) = [words[at + 1] for at, word in enumerate(words) if word == "--output"]
        Path(target).write_bytes(b"age:" + Path(words[-1]).read_bytes())


def _add(settings: Path, pairs: list[str]) -> None:
    with settings.open("a") as out:
        out.writelines(f"{json.dumps(pair)}\n" for pair in pairs)


def _run(words: list[str], settings: Path) -> None:
    stated = [json.loads(line) for line in settings.read_text().splitlines()] if settings.exists() else []
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    environ |= json.loads(os.environ["HOST_ADDONS"]) | dict(pair.split("=", 1) for pair in stated)
    sys.exit(subprocess.run(words, env=environ, check=False).returncode)


def install(folder: Path) -> Path:
    """Write a starter for each name into the folder, and `python`; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        starter = folder / name
        starter.write_text(f"#!{sys.executable}\nexec(compile(open({__file__!r}).read(), {__file__!r}, 'exec'))\n")
        starter.chmod(0o700)
    (folder / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (folder / "python").chmod(0o700)
    return folder


if __name__ == "__main__":
    main()
