"""Write configuration files that differ from the shipped ones."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def copy_changed(shipped: Path, target: Path, pairs: Iterable[tuple[str, str]]) -> Path:
    """Copy a shipped file with the first of each old text replaced by the new one; fail where there is none."""
    text = shipped.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    target.write_text(text)
    return target
