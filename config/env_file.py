"""Read and write the file of settings `.env`: lines of NAME=value. The environment wins over it.

On a host, whose config vars are the truth, and where the environment says production, the file is not read.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from bridge.errors import SettingsInvalid
from config.hosting import find_host_mark

ENV_FILE_VARIABLE = "BRIDGE_ENV_FILE"
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def add_env_file(environ: Mapping[str, str], default: Path) -> dict[str, str]:
    """Return the environment, with what the file sets and the environment does not. Raises SettingsInvalid."""
    if find_host_mark(environ) or environ.get("BRIDGE_ENV", "").strip() == "production":
        return dict(environ)
    path = Path(environ.get(ENV_FILE_VARIABLE, "").strip() or default)
    read = read_env_file(path)
    return {**read, **{name: value for name, value in environ.items() if value.strip() or name not in read}}


def read_env_file(path: Path) -> dict[str, str]:
    """Return the settings in a file; none where there is no file.

    A value is taken as written, without quotation marks around it; nothing in it is replaced. Raises SettingsInvalid,
    which names the line and never the value.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError):
        raise SettingsInvalid(
            [f"{path}: cannot be read: it must be a text in UTF-8 that the bridge may read"]
        ) from None
    settings = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if not separator or not _NAME.fullmatch(name.strip()):
            raise SettingsInvalid([f"{path}: line {number} must be NAME=value"])
        settings[name.strip()] = _unquote(value.strip())
    return settings


def format_env_lines(settings: Mapping[str, str]) -> str:
    """Return the settings as lines that `read_env_file`, a shell and systemd read alike."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())


def _unquote(value: str) -> str:
    for mark in "'\"":
        if len(value) > 1 and value[0] == value[-1] == mark:
            return value[1:-1]
    return value
