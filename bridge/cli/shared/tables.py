"""Tables on a terminal, by rich: as wide as the terminal, long cells folded and never cut. Imported for a terminal only."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

ANY_WIDTH = 10_000
STYLES = dict.fromkeys(("failed", "rejected", "bounced", "expired", "FAIL", "MISSING"), "bold red") | dict.fromkeys(
    ("done", "erased", "settled", "ok"), "green"
)
FLAG_STYLES = {("complete", "no"): "bold yellow", ("late", "yes"): "bold red", ("held", "yes"): "yellow"}


def print_terminal_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows under their header; below each other, where not even their words fit. Rich obeys NO_COLOR, and a terminal that is dumb."""
    console = Console(soft_wrap=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold", no_wrap=name == "id")
    for row in rows:
        table.add_row(*_style_cells(header, row))
    if Measurement.get(console, console.options.update_width(ANY_WIDTH), table).minimum <= console.width:
        console.print(table)
        return
    for row in rows:
        record = Table(box=None, pad_edge=False, show_header=False)
        record.add_column(style="bold", no_wrap=True)
        record.add_column(overflow="fold")
        for name, cell in zip(header, _style_cells(header, row), strict=True):
            record.add_row(name, cell)
        console.print(record)
        if row is not rows[-1]:
            console.print()


def _style_cells(header: Sequence[str], row: Sequence[str]) -> list[Text]:
    styled = zip(header, row, strict=True)
    return [Text(cell, style=FLAG_STYLES.get((name, cell), STYLES.get(cell, ""))) for name, cell in styled]
