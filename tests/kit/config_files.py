"""Write configuration files that differ from the shipped ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bridge.sandbox.merchant_files import CONTACT_VALUES
from config.settings import MERCHANT_FILE
from config.toml_editor import set_values


def copy_changed(shipped: Path, target: Path, pairs: Iterable[tuple[str, str]]) -> Path:
    """Copy a shipped file with the first of each old text replaced by the new one; fail where there is none."""
    text = shipped.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    target.write_text(text)
    return target


def write_named_merchant(folder: Path) -> str:
    """Write the shipped merchant file with a contact into the folder; return its path."""
    path = folder / "merchant.toml"
    path.write_text(set_values(MERCHANT_FILE.read_text(), CONTACT_VALUES))
    return str(path)
