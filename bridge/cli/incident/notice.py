"""`incident notice`: write the notice for one recipient."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, exit_with_error, open_command_context
from bridge.cli.dsr.dsr_view import find_request_or_exit
from bridge.cli.files.output_files import FORCE_OPTION, OUT_OPTION, save_output, show_output
from bridge.cli.incident.incident_view import INCIDENT_FAULTS, RECIPIENTS
from bridge.cli.shared.ids import REQUEST_ID
from bridge.errors import PayloadInvalid
from bridge.model import Fact, IncidentRecipient
from bridge.rules.desk.incident_notice import list_missing_fields, render_notice
from bridge.steps.desk.incidents.report_incident import read_incident_account
from bridge.steps.desk.two_person import is_approved_by_two

DRAFT_MARK = "DRAFT: not approved, not to be sent\n\n"


@json_command("notice", example="incident notice req_01M84N6EY20CZ9W2PB73FKRKAY --to certin --out certin.txt")
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--to", "to", required=True, type=click.Choice(RECIPIENTS), help="Who is told.")
@click.option(
    "--first", "is_first", is_flag=True, help="The first notice, to the Board or the authority, before all is known."
)
@click.option(
    "--draft", "is_draft", is_flag=True, help="Before the approvals, for those who approve; its first line says so."
)
@OUT_OPTION
@FORCE_OPTION
def write_notice_command(request_id: str, to: str, is_first: bool, is_draft: bool, target: Path, force: bool) -> None:
    """Write the notice to the Board, CERT-In, the EU authority or people as text. It sends nothing.

    It is refused while something is missing, which is named, and before two people approved what stands.
    """
    recipient = IncidentRecipient(to)
    with (
        open_command_context() as context,
        exit_on_refusal("Not written", INCIDENT_FAULTS, about=request_id),
        context.store.transaction() as tx,
    ):
        request = find_request_or_exit(tx, request_id)
        account = read_incident_account(request, tx=tx, services=context.services)
        if missing := list_missing_fields(account, recipient, is_first=is_first):
            exit_with_error(
                f"Not written: {', '.join(missing)} missing.",
                f"`bridge incident describe {request_id} --particulars FILE` adds what is known,"
                f" `bridge incident affected {request_id}` counts the persons, the merchant file has the contact.",
            )
        if not is_draft and not is_approved_by_two(request, tx):
            raise PayloadInvalid("approvals_missing")
        zone, now = context.merchant_zone, context.store.now()
        text = render_notice(account, recipient, now=now, zone=zone, is_first=is_first)
        content = ((DRAFT_MARK if is_draft else "") + text).encode()
        digest = hashlib.sha256(content).hexdigest()
        save_output(target, content, force=force)
        about = {"shop": request.shop, "actor": context.operator, "request_id": request_id}
        tx.evidence.append_fact(
            Fact.INCIDENT_NOTICE_RENDERED, **about, to=to, first=is_first, draft=is_draft, sha256=digest
        )
    result = {"id": request_id, "to": to, "first": is_first, "draft": is_draft, "sha256": digest}
    show_output(
        target, content, result, f"Wrote the notice to {to}. Send it, then: incident report {request_id} --to {to}"
    )
