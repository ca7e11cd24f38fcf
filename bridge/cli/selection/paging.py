"""How a list is shown: its rows, that there are more and how to see them, or which filter leaves nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from bridge.cli.command import is_json_wanted
from bridge.cli.printing import Row, print_table, show
from bridge.cli.selection.filter_options import describe_filters
from bridge.rules.requests.failure_classes import describe_class
from bridge.store.selection.row_filter import MAX_COUNTED, Page, ReasonCount, RowFilter

AFTER_FAULTS = {"after_unknown": "--after is the id of no row of this list"}
REASON_COLUMNS = ("reason", "system", "count", "page", "command")


def show_page(
    page: Page[Any], rows: Sequence[Row], columns: Sequence[str], *, noun: str, empty: str, wanted: RowFilter
) -> None:
    """Print the rows of a page. With --json stdout is a list of them, as ever, and the count goes to stderr."""
    typed = describe_filters(page.empty_fields) or describe_filters(list(wanted.list_given()))
    if page.existing and typed:
        empty = f"No {noun} with {typed}; without it there are {_describe_count(page.existing)}."
    elif wanted.after and not rows:
        empty = f"Nothing comes after {wanted.after}; there are {_describe_count(page.total)} {noun} in all."
    show(rows, lambda shown: print_table(shown, columns, empty=empty))
    if page.has_more:
        last = rows[-1]["id"]
        click.echo(
            f"{len(rows)} of {_describe_count(page.total)} {noun}. The next page: --after {last}", err=is_json_wanted()
        )


def _describe_count(count: int) -> str:
    return str(count) if count <= MAX_COUNTED else f"more than {MAX_COUNTED}"


def show_reasons(counts: Iterable[ReasonCount], *, noun: str, is_delivery: bool = False) -> None:
    """Print how many rows failed or wait for each class of reasons, the page about it and the command that ends it."""
    rows = []
    for each in counts:
        found = describe_class(each.reason, is_delivery=is_delivery)
        where = {"topic" if is_delivery else "system": each.system}
        page, command = f"docs/runbooks/{found.page}.md", f"bridge {found.command}"
        rows.append({"reason": each.reason, **where, "count": each.count, "page": page, "command": command})
    columns = [name if name != "system" or not is_delivery else "topic" for name in REASON_COLUMNS]
    show(rows, lambda shown: print_table(shown, columns, empty=f"No {noun} failed, and none waits for a person."))
