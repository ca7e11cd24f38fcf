"""`notice show`."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.context import AS_JSON, desk, operator
from bridge.cli.notice.notice_view import LETTER, entry_row, find, find_entry, letter_row
from bridge.cli.printing import emit, table
from bridge.model import Fact

SHOWN = ("id", "reference", "state", "reason", "not_before", "status", "answer", "law", "until", "read_back")


@click.command()
@click.argument("notice_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show waybills and notes. Recorded as evidence.")
@click.option("--reason", default="", help="Why, with --reveal. No names.")
@AS_JSON
def show(notice_id: str, reveal: bool, reason: str, as_json: bool) -> None:
    """Show a notice with its entries, or one entry. Waybills are masked unless they are revealed."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs --reason")
    with desk() as at, at.store.transaction() as tx:
        if notice_id.startswith("ent_"):
            entries = [find_entry(tx, notice_id)]
            shown: dict[str, Any] = entry_row(entries[0], reveal=reveal)
        else:
            notice = find(tx, notice_id)
            entries = tx.notices.entries(notice_id=notice_id)
            shown = letter_row(notice, len(entries))
            shown |= {"message_id": notice.message_id, "body_sha256": notice.body_sha256}
            shown["lines"] = [entry_row(entry, reveal=reveal) for entry in entries]
        if reveal:
            for request_id in sorted({entry.request_id for entry in entries}):
                tx.evidence.append(
                    Fact.PERSONAL_DATA_REVEALED,
                    shop=entries[0].shop,
                    actor=operator(),
                    request_id=request_id,
                    what="notice",
                    notice=notice_id,
                    reason=reason,
                )
    if as_json:
        emit(shown)
        return
    if "lines" not in shown:
        table([shown], SHOWN, empty="")
        return
    for name in LETTER:
        click.echo(f"{name.replace('_', ' '):14} {shown[name] if shown[name] is not None else '-'}")
    click.echo()
    table(shown["lines"], SHOWN, empty="no entries")
