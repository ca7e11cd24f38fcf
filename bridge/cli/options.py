"""Options and values that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bridge.cli.free_text import REFERENCE, free_text_option

FILE_TYPE = click.Path(dir_okay=False, path_type=Path)
DAY_TYPE = click.DateTime(["%Y-%m-%d"])
REASON_OPTION = free_text_option("--reason", "Why you do this. It is recorded as evidence: no names.")
REVEAL_REASON_OPTION = free_text_option(
    "--reason", "Why you need it; required with --reveal. No names.", required=False
)
SHOP_HELP = "The *.myshopify.com domain."
SHOP_OPTION = click.option("--shop", required=True, help=SHOP_HELP)
OPTIONAL_SHOP_OPTION = click.option("--shop", help=f"{SHOP_HELP} [default: the only shop of the merchant file]")


def reference_option(meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the required option `--reference`: one word, because evidence keeps it for good."""
    description = f"{meaning} One word, no names."
    return click.option("--reference", required=True, type=REFERENCE, help=description)


def require_reveal_reason(reveal: bool, reason: str) -> None:
    """Raise UsageError if personal data is to be revealed without a reason."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs --reason: the evidence records why personal data was read")


def parse_since(text: str | None) -> datetime | None:
    """Parse `30m`, `2h`, `3d`, or an ISO date or time (UTC if it names no zone). Raises BadParameter."""
    if not text:
        return None
    units = {"m": "minutes", "h": "hours", "d": "days"}
    if text[:-1].isdigit() and text[-1] in units:
        return datetime.now(UTC) - timedelta(**{units[text[-1]]: int(text[:-1])})
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("give 30m, 2h, 3d, or a date such as 2026-11-22") from None
    return since if since.tzinfo else since.replace(tzinfo=UTC)
