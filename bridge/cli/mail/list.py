"""`mail list`: list the mails that wait for an officer."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.mail.mail_view import MAIL_COLUMNS, MAIL_KINDS, build_mail_rows
from bridge.cli.selection.filter_options import filter_options
from bridge.cli.selection.paging import AFTER_FAULTS, show_page
from bridge.store.selection.row_filter import RowFilter


@json_command("list", example="mail list\nmail list --kind processor_answer --all")
@filter_options("kind", "shop", "since", "after", choices={"kind": MAIL_KINDS})
@click.option("--all", "everything", is_flag=True, help="Mails that are done with too.")
def list_mails_command(wanted: RowFilter, everything: bool) -> None:
    """List the mails that wait for an officer, oldest first. The clocks of a message run since it arrived."""
    with open_command_context() as context, context.store.read() as tx, exit_on_refusal("Not listed", AFTER_FAULTS):
        page = tx.selection.select_mails(wanted, is_open=not everything)
        rows = build_mail_rows(page.rows, tx, context.services)
        show_page(page, rows, MAIL_COLUMNS, noun="mails", empty="No mail waits for an officer.", wanted=wanted)
