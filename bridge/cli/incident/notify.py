"""`incident notify`: have the persons that an incident concerns written to."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.incident.incident_view import INCIDENT_FAULTS
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.steps.desk.incidents.notify_people import notify_people


@json_command(
    "notify",
    example="incident notify req_01M84N6EY20CZ9W2PB73FKRKAY --yes",
    irreversible="A letter goes to each person whose address is known, and cannot be called back.",
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
def notify_people_command(request_id: str) -> None:
    """Queue a letter to each person that an incident concerns and whose address is known.

    Addresses are known from the persons' own requests. The others must be told by other means, such as the shop's
    page or mails from Shopify: `incident report --to people` records that.
    """
    with open_command_context() as context, exit_on_refusal("Not queued", INCIDENT_FAULTS, about=request_id):
        done = notify_people(request_id, actor=context.operator, services=context.services)
    result = {
        "id": request_id,
        "persons": done.persons,
        "letters": done.letters,
        "without_address": done.without_address,
    }
    show(
        result,
        f"{request_id}: {done.letters} letters are queued, {done.without_address} persons have no known address.",
    )
