"""`notice export`: an instruction as a paper (PDF) or a table (CSV), for a portal that takes no mail."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.notice.notice_view import find_notice_or_exit
from bridge.cli.null_queue import NullQueue
from bridge.cli.output_files import FORCE_OPTION, OUT_OPTION, write_private_file
from bridge.cli.printing import print_json
from bridge.model import Fact
from bridge.steps.evidence.record_facts import record_notice_fact
from bridge.steps.notices.attachments import render_instruction_pdf, render_items_csv
from bridge.steps.notices.batch import find_processor
from bridge.steps.notices.letter import build_instruction_paragraphs


@click.command()
@click.argument("notice_id", metavar="ID")
@OUT_OPTION
@FORCE_OPTION
@JSON_OPTION
def export(notice_id: str, target: Path, force: bool, as_json: bool) -> None:
    """Write a notice as FILE.pdf or FILE.csv, with its waybills. Recorded as evidence."""
    if target.suffix not in (".pdf", ".csv"):
        raise click.UsageError("--out must end in .pdf or .csv")
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        with at.store.transaction() as tx:
            notice = find_notice_or_exit(tx, notice_id)
            entries = tx.notices.list_items(notice_id=notice_id)
            processor = find_processor(notice.processor, services)
            if processor is None:
                exit_with_error(f"{notice.processor} is not in the merchant's file.")
            if target.suffix == ".csv":
                made = render_items_csv(entries)
            else:
                parts = build_instruction_paragraphs(
                    notice, entries, processor, services=services, max_lines=len(entries)
                )
                title = f"Erasure of personal data, instruction {notice.id}"
                made = render_instruction_pdf(title, [(part.heading, part.lines) for part in parts])
            record_notice_fact(
                Fact.PERSONAL_DATA_REVEALED,
                entries,
                tx,
                notice=notice,
                actor=get_operator(),
                what="notice",
                reason=f"exported as {target.suffix[1:]}",
            )
            write_private_file(target, made, force=force)
    if as_json:
        print_json({"id": notice_id, "file": str(target), "bytes": len(made), "entries": len(entries)})
    else:
        click.echo(f"Wrote {target} ({len(entries)} entries, {len(made)} bytes).")
