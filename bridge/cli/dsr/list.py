"""`dsr list`: list the privacy requests."""

from __future__ import annotations

import click

from bridge.cli.command import is_json_wanted, json_command
from bridge.cli.context import exit_on_refusal, name_shops, open_command_context
from bridge.cli.dsr.dsr_view import REQUEST_KINDS, build_request_rows, describe_time_left
from bridge.cli.selection.filter_options import filter_options
from bridge.cli.selection.paging import AFTER_FAULTS, show_page, show_reasons
from bridge.model import Outcome, RequestState
from bridge.store.selection.row_filter import RowFilter

REQUEST_TABLE_COLUMNS = (
    "id",
    "kind",
    "shop",
    "standing",
    "complete",
    "to_acknowledge",
    "time_left",
    "due_at",
    "closed_at",
    "answered_at",
    "late",
    "minor",
)
FILTERS = ("state", "kind", "shop", "incomplete", "failed", "late", "due_before")
FURTHER_FILTERS = ("system", "outcome", "reason_class", "since", "after")
CHOICES = {"state": tuple(RequestState), "kind": REQUEST_KINDS, "outcome": tuple(Outcome)}


@json_command(
    "list",
    example="dsr list --incomplete --system delhivery --since 3d\ndsr list --by-reason\ndsr list --due-in 7d --json",
)
@filter_options(*FILTERS, *FURTHER_FILTERS, choices=CHOICES)
@click.option("--by-reason", is_flag=True, help="Count them by what failed or waits for a person instead.")
def list_requests_command(wanted: RowFilter, by_reason: bool) -> None:
    """List requests, newest first.

    A request stands late when its day has passed without an answer. Closed is when a request could be answered; answered, when the data subject had the answer: `dsr deliver` records it.
    Minor: a birth date on record says that the person is under 18. --system, --outcome and --reason-class are about one and the same task of a request.
    """
    with open_command_context() as context, context.store.read() as tx, exit_on_refusal("Not listed", AFTER_FAULTS):
        if by_reason:
            show_reasons(tx.selection.count_request_reasons(wanted), noun="requests")
            return
        page = tx.selection.select_requests(wanted)
        rows = name_shops(build_request_rows(tx, page.rows), tx)
        rows = rows if is_json_wanted() else list(map(describe_time_left, rows))
        show_page(page, rows, REQUEST_TABLE_COLUMNS, noun="requests", empty="No requests.", wanted=wanted)
