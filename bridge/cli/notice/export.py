"""`notice export`: write a notice as a PDF letter or a CSV table, for a processor that takes no mail."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.files.output_files import FORCE_OPTION, OUT_OPTION, choose_format, save_output, show_output
from bridge.cli.notice.notice_view import find_notice_or_exit
from bridge.cli.options import reading_reason_option
from bridge.cli.shared.ids import NOTICE_ID
from bridge.model import Fact
from bridge.rules.notices.pdf import render_pdf
from bridge.steps.evidence.record_facts import record_notice_fact
from bridge.steps.notices.attachments import render_items_csv
from bridge.steps.notices.batch import find_processor
from bridge.steps.notices.letter import SUBJECTS, build_instruction_paragraphs
from bridge.steps.rights.read_corrections import read_corrections

FORMATS = ("pdf", "csv")


@json_command(
    example="notice export ntc_01M84N6EY20CZ9W2PB73FKRKAY --out notice.pdf --reason 'the portal asks for a file'"
)
@click.argument("notice_id", type=NOTICE_ID, metavar="ID")
@OUT_OPTION
@click.option("--format", "wanted", type=click.Choice(FORMATS), help="With --out -: what to write. [default: pdf]")
@FORCE_OPTION
@reading_reason_option("Why you write it. No names.")
def export(notice_id: str, target: Path, wanted: str | None, force: bool, reason: str) -> None:
    """Write a notice as FILE.pdf or FILE.csv, with its waybill numbers. This is recorded as evidence."""
    form = choose_format(target, wanted, FORMATS)
    with open_command_context() as context:
        services = context.services
        with context.store.transaction() as tx:
            notice = find_notice_or_exit(tx, notice_id)
            items = tx.notice_items.list_items(notice_id=notice_id)
            processor = find_processor(notice.processor, services)
            if processor is None:
                exit_with_error(f"{notice.processor} is not in the merchant file.")
            if form == "pdf" and not services.merchant.officer.is_complete:
                exit_with_error(
                    "Not written: fill in [grievance_officer] of the merchant file, which the letter prints."
                )
            corrections = read_corrections(items, processor, tx)
            if form == "csv":
                content = render_items_csv(items, corrections)
            else:
                parts = build_instruction_paragraphs(
                    notice, items, processor, services=services, max_lines=len(items), corrections=corrections
                )
                title = f"{SUBJECTS[notice.purpose]}, instruction {notice.id}"
                content = render_pdf(title, [(part.heading, part.lines) for part in parts])
            about = {"what": f"notice as {form}", "reason": reason}
            record_notice_fact(Fact.PERSONAL_DATA_REVEALED, items, tx, notice=notice, actor=context.operator, **about)
            save_output(target, content, force=force)
    shown = {"id": notice_id, "file": str(target), "bytes": len(content), "entries": len(items)}
    show_output(target, content, shown, f"Wrote {target} ({len(items)} items, {len(content)} bytes).")
