"""`notice export`: an instruction as a paper (PDF) or a table (CSV), for a portal that takes no mail."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.notice.notice_view import find
from bridge.cli.null_queue import NoBell
from bridge.cli.output_files import FORCE, OUT, write
from bridge.cli.printing import emit
from bridge.model import Fact
from bridge.steps.evidence.record_facts import tell
from bridge.steps.notices.attachments import as_csv, as_pdf
from bridge.steps.notices.batch import listed
from bridge.steps.notices.letter import content


@click.command()
@click.argument("notice_id", metavar="ID")
@OUT
@FORCE
@AS_JSON
def export(notice_id: str, target: Path, force: bool, as_json: bool) -> None:
    """Write a notice as FILE.pdf or FILE.csv, with its waybills. Recorded as evidence."""
    if target.suffix not in (".pdf", ".csv"):
        raise click.UsageError("--out must end in .pdf or .csv")
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        with at.store.transaction() as tx:
            notice = find(tx, notice_id)
            entries = tx.notices.entries(notice_id=notice_id)
            processor = listed(notice.processor, services)
            if processor is None:
                refuse(f"{notice.processor} is not in the merchant's file.")
            if target.suffix == ".csv":
                made = as_csv(entries)
            else:
                parts = content(notice, entries, processor, services=services, most=len(entries))
                title = f"Erasure of personal data, instruction {notice.id}"
                made = as_pdf(title, [(part.heading, part.lines) for part in parts])
            tell(
                Fact.PERSONAL_DATA_REVEALED,
                entries,
                tx,
                notice=notice,
                actor=operator(),
                what="notice",
                reason=f"exported as {target.suffix[1:]}",
            )
            write(target, made, force=force)
    if as_json:
        emit({"id": notice_id, "file": str(target), "bytes": len(made), "entries": len(entries)})
    else:
        click.echo(f"Wrote {target} ({len(entries)} entries, {len(made)} bytes).")
