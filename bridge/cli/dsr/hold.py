"""`dsr hold`: open a legal hold on what belongs to the data subject of a request."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_options import PROCEEDING_OPTION, exit_on_invalid_hold
from bridge.cli.hold.hold_view import show_opened_hold
from bridge.cli.options import REASON_OPTION, reference_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.retention.legal_hold import open_person_legal_hold


@json_command(example="dsr hold req_01M84N6EY20CZ9W2PB73FKRKAY --reference C-2026-17 --reason 'suit filed'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@reference_option("The file number of the dispute.")
@PROCEEDING_OPTION
@REASON_OPTION
def hold(request_id: str, reference: str, kind: str, reason: str) -> None:
    """Open a legal hold for a dispute with the data subject.

    It keeps the sealed documents, the bank details of a refund, and the notice items that no processor has
    received yet. The erasure of the rest continues.
    """
    with open_command_context() as context, exit_on_invalid_hold(request_id):
        result = open_person_legal_hold(
            request_id, reference=reference, kind=kind, actor=context.operator, reason=reason, services=context.services
        )
    show_opened_hold(result)
