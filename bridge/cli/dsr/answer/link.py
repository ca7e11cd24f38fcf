"""`dsr link`: send a new link to an access package, in the place of those that were sent before."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.access.download_links import renew_download_link

LINK_FAULTS = {
    "no_package": "it has no access package now: see `dsr show`",
    "statements_missing": "its letter would say 'not stated': `dsr package` says what is missing in the merchant file",
    "address_not_verified": "no address of the person is on their records or was proven by a code: use `dsr package`",
}


@json_command(example="dsr link req_01M84N6EY20CZ9W2PB73FKRKAY --reason 'the first link was used by a mail scanner'")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@REASON_OPTION
def link(request_id: str, reason: str) -> None:
    """Queue the answer's letter again, with a new link to the access package. Links that were sent before open nothing."""
    with open_command_context() as context, exit_on_refusal(f"{request_id}: not sent", LINK_FAULTS, about=request_id):
        number = renew_download_link(request_id, actor=context.operator, reason=reason, services=context.services)
    show({"id": request_id, "letter": number}, f"{request_id}: a letter with a new link is queued.")
