"""Make the keys of a developer's own folder on first use. Never used in production: losing keys loses the data."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from pathlib import Path

from bridge.errors import SettingsInvalid
from config.env_parsers import KEY_BYTES

DEVELOPMENT_KEYS = ("BRIDGE_KEYS", "BRIDGE_PSEUDONYM_KEY", "BRIDGE_EVIDENCE_KEY", "SHOPIFY_CLIENT_SECRETS")


def load_development_keys(var_dir: Path) -> dict[str, str]:
    """Return the keys in `development.env` of that folder (mode 600), so that all processes share them.

    Raises SettingsInvalid where the folder cannot be used.
    """
    path = var_dir / "development.env"
    try:
        return _read_or_make_keys(path, var_dir)
    except OSError as fault:
        why = f"{var_dir} cannot be used ({fault.strerror}): make it writable for this account"
        raise SettingsInvalid([f"{why}, or set {', '.join(DEVELOPMENT_KEYS)}"]) from None


def _read_or_make_keys(path: Path, var_dir: Path) -> dict[str, str]:
    if not path.exists():
        var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        new_keys = (f"dev1:{_generate_key()}", _generate_key(), _generate_key(), secrets.token_hex(16))
        handle, draft = tempfile.mkstemp(dir=var_dir)
        with os.fdopen(handle, "w") as out:
            out.writelines(f"{name}={key}\n" for name, key in zip(DEVELOPMENT_KEYS, new_keys, strict=True))
        try:
            os.link(draft, path)  # first process wins; the others read its file
        except FileExistsError:
            pass
        finally:
            Path(draft).unlink()
    return dict(line.partition("=")[::2] for line in path.read_text().split())


def _generate_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
