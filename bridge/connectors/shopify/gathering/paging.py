"""Ends every list of Shopify: one that moves neither its cursor nor its rows is left, whatever `hasNextPage` says.

A repeated cursor or page is found by Brent's method, which remembers one cursor and one page whatever the length of the
loop: what is remembered travels in the stored cursor of a gathering. Sends nothing.
https://shopify.dev/docs/api/usage/pagination-graphql
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.connectors.shopify.api.answers import SYSTEM
from bridge.connectors.shopify.gathering.flatten import has_next_page, list_nodes, read_end_cursor
from bridge.errors import ConnectorRefused
from bridge.model import Absence, Gap

MAX_LIST_PAGES = 2_500  # the last trace: Shopify's pagination ends at 25,000 objects, pages of ten at the least
MAX_INNER_PAGES = 100  # of a list within one record
MAX_EMPTY_PAGES = 5  # in a row: a filter may leave a page empty, but not all that follow
LIST_DOES_NOT_END = "list_does_not_end"


class ListDoesNotEnd(ConnectorRefused):
    """A list repeats its pages, or goes on without rows."""

    def __init__(self) -> None:
        """Use a constant message."""
        super().__init__("shopify: list does not end")


@dataclass(frozen=True, slots=True)
class ListTrace:
    """What is remembered of a list's pages: how many, how many without rows at the end, one cursor and one page."""

    pages: int = 0
    empty_pages: int = 0
    cursor_mark: str = ""
    rows_mark: str = ""

    def pass_page(self, connection: Any, after: str, max_pages: int) -> ListTrace | None:
        """Return the trace after a page that was requested `after` a cursor; None if the list does not end."""
        cursor, rows = read_end_cursor(connection), list_nodes(connection)
        if not cursor or cursor == after or self.pages + 1 >= max_pages:
            return None
        cursor_digest = _digest(cursor)
        # rows without an id may be equal and yet others
        rows_digest = _digest(*(str(row["id"]) for row in rows)) if rows and all(row.get("id") for row in rows) else ""
        empty_pages = 0 if rows else self.empty_pages + 1
        if (
            cursor_digest == self.cursor_mark
            or (rows_digest and rows_digest == self.rows_mark)
            or empty_pages > MAX_EMPTY_PAGES
        ):
            return None
        pages = self.pages + 1
        if pages & (pages - 1) == 0:  # a power of two
            return ListTrace(pages, empty_pages, cursor_digest, rows_digest)
        return ListTrace(pages, empty_pages, self.cursor_mark, self.rows_mark)


Traces = Mapping[str, ListTrace]


def advance_list(
    connection: Any, after: str, trace: ListTrace, *, max_pages: int = MAX_LIST_PAGES
) -> tuple[str | None, ListTrace, str]:
    """Return the cursor of the next page (None: no page follows), the trace, and why the list was left, if it was."""
    if not has_next_page(connection):
        return None, trace, ""
    passed = trace.pass_page(connection, after, max_pages)
    if passed is None:
        return None, trace, LIST_DOES_NOT_END
    return read_end_cursor(connection), passed, ""


def advance_lists(
    lists: Mapping[str, Any], cursors: Mapping[str, str], traces: Traces, names: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, ListTrace], tuple[Gap, ...]]:
    """Return the cursors and traces of the lists that go on, and a gap for each that was left.

    `names` are the names of the lists in a gap.
    """
    next_cursors, next_traces, gaps = dict[str, str](), dict[str, ListTrace](), tuple[Gap, ...]()
    for name, connection in lists.items():
        after, trace, fault = advance_list(connection, cursors.get(name, ""), traces.get(name, ListTrace()))
        gaps += build_list_gap(names[name]) if fault else ()
        if after is not None:
            next_cursors[name], next_traces[name] = after, trace
    return next_cursors, next_traces, gaps


def build_list_gap(what: str, reason: str = LIST_DOES_NOT_END) -> tuple[Gap, ...]:
    """Return the gap of a list that was left before its end."""
    return (Gap(system=SYSTEM, absence=Absence.UNREACHED, what=what, reason=reason),)


def iterate_list(fetch: Callable[[str | None], Any]) -> Iterator[Any]:
    """Yield the pages of a list, each fetched after the cursor of the one before.

    Raises ListDoesNotEnd after the last page that was new, and as `fetch`.
    """
    after, trace = "", ListTrace()
    while True:
        connection = fetch(after or None)
        next_after, trace, fault = advance_list(connection, after, trace)
        yield connection
        if fault:
            raise ListDoesNotEnd
        if next_after is None:
            return
        after = next_after


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=6).hexdigest()
