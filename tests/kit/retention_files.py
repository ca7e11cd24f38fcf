"""The shipped retention file, with one thing of it changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from bridge.services import Services
from config.retention_file.retention import Retention
from config.settings import RETENTION_FILE


def drop_holds(retention: Retention, *grounds: str) -> Retention:
    """Return the file with these holds taken from every category."""
    categories = {
        name: replace(category, holds=_keep_other_holds(category.holds, grounds))
        for name, category in retention.categories.items()
    }
    return replace(retention, categories=categories)


def let_contracts_be_over(services: Services) -> Services:
    """Return the services with a file whose open contracts keep nothing."""
    return replace(services, retention=drop_holds(services.retention, "open_contract"))


def write_file_without_open_contracts(folder: Path, *, applies_residue: bool = False) -> Path:
    """Write a file whose open contracts keep nothing; return its path."""
    text = Path(RETENTION_FILE).read_text(encoding="utf-8").replace('"open_contract", ', "")
    if applies_residue:
        text = text.replace("apply = false", "apply = true", 1)
    path = folder / "retention.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _keep_other_holds(holds: Collection[str], grounds: Collection[str]) -> tuple[str, ...]:
    return tuple(hold for hold in holds if hold not in grounds)
