"""`dsr details`: show what a request states in detail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import print_fields, show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import Fact
from bridge.rules.requests.particulars import encode_request_details


@json_command(example="dsr details req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'to answer the grievance'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def details(request_id: str, reason: str) -> None:
    """Show what a request states in detail, such as the text of a grievance. That it was read is recorded as evidence."""
    with open_command_context() as context, context.store.transaction() as tx:
        request = find_request_or_exit(tx, request_id)
        stated = encode_request_details(tx.request_details.get_details(request_id, request.kind))
        if not any(stated.values()):
            exit_with_error(f"{request_id} states nothing in detail, or it has expired.")
        about = {"shop": request.shop, "request_id": request_id, "subject": request.subject}
        tx.evidence.append_fact(Fact.PERSONAL_DATA_REVEALED, actor=context.operator, **about, reason=reason)
    show({"id": request_id, **stated}, _print_details)


def _print_details(stated: Mapping[str, Any]) -> None:
    values = {**(stated["particulars"] or {}), **(stated["contact"] or {})}
    print_fields({name: value for name, value in values.items() if value not in ("", ())}, width=12)
