"""Tables on a terminal, by rich: as wide as the terminal, long cells folded and never cut. Imported for a terminal only."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

MIN_ID_WIDTH = 30  # an id stays on one line
STYLES = dict.fromkeys(("failed", "rejected", "bounced", "expired", "FAIL", "MISSING"), "bold red") | dict.fromkeys(
    ("done", "erased", "settled", "ok"), "green"
)
FLAG_STYLES = {("complete", "no"): "bold yellow", ("late", "yes"): "bold red", ("held", "yes"): "yellow"}


def print_terminal_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print the rows under their header. Colours obey NO_COLOR."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name in header:
        table.add_column(name, overflow="fold", min_width=MIN_ID_WIDTH if name == "id" else None)
    for row in rows:
        styled = zip(header, row, strict=True)
        table.add_row(*(Text(cell, style=FLAG_STYLES.get((name, cell), STYLES.get(cell, ""))) for name, cell in styled))
    Console(soft_wrap=False).print(table)
