"""`incident report`: record that somebody was told of an incident."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.incident.incident_view import INCIDENT_FAULTS, RECIPIENTS
from bridge.cli.options import REASON_OPTION, REFERENCE
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, when_option
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import IncidentRecipient
from bridge.steps.desk.incidents.report_incident import record_incident_report


@json_command(
    "report",
    example="incident report req_01M84N6EY20CZ9W2PB73FKRKAY --to certin --reference CERT-2026-1 --reason 'by mail' --yes",
    irreversible="A report is recorded once and ends its clock; when everybody was told, the incident is closed.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--to", "to", required=True, type=click.Choice(RECIPIENTS), help="Who was told.")
@when_option("--at", meaning="When it was sent. [default: now]")
@click.option(
    "--reference",
    type=REFERENCE,
    callback=lambda _, __, given: given or "",
    help="The recipient's number of it. One word, no names.",
)
@click.option("--not-needed", is_flag=True, help="Nobody need be told: --reason says why.")
@REASON_OPTION
def report_incident_command(
    request_id: str, to: str, at: When | None, reference: str, not_needed: bool, reason: str
) -> None:
    """Record when an authority or the people were told of an incident, or that they need not be."""
    with open_command_context() as context, exit_on_refusal("Not recorded", INCIDENT_FAULTS, about=request_id):
        moment = at.resolve(context.merchant_zone) if at else context.store.now()
        record_incident_report(
            request_id,
            IncidentRecipient(to),
            moment,
            is_needed=not not_needed,
            reference=reference,
            actor=context.operator,
            reason=reason,
            services=context.services,
        )
    shown = {"id": request_id, "to": to, "at": moment, "needed": not not_needed}
    show(shown, f"{request_id}: {to} {'need not be told' if not_needed else 'was told'}; recorded.")
