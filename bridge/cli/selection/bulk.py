"""What bulk commands ask for alike: ids or filters, a dry run, force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from bridge.cli.selection.filter_options import describe_filters
from bridge.store.selection.row_filter import Page, RowFilter

DRY_RUN_OPTION = click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
FORCE_REPLAY_OPTION = click.option("--force", is_flag=True, help="Also where it cannot help as things stand.")
FILTER_NAMES = {f"filter_{name}" for name in RowFilter.__slots__} - {"filter_after", "filter_limit"}


def require_ids_or_filters(ids: Sequence[str], wanted: RowFilter) -> None:
    """Raise UsageError unless there are either ids or filters: all rows are never taken by mistake."""
    given = list(wanted.list_given())
    if ids and given:
        raise click.UsageError(f"give ids, or filters, not both: {describe_filters(given)}")
    if not ids and not given:
        options = [each.opts[0] for each in click.get_current_context().command.params if each.name in FILTER_NAMES]
        raise click.UsageError(f"give ids, or filters: {', '.join(options)}")


def describe_cut(page: Page[Any], noun: str) -> str:
    """Return how many rows the limit left out: ' (1000 of 1200 requests: --limit)', or ''."""
    return f" ({len(page.rows)} of {page.total} {noun}; --limit takes more)" if page.has_more else ""
