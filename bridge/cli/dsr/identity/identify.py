"""`dsr identify`: record a doubt about who asks, and ask the person for proof."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.identity.identity_view import IDENTITY_FAULTS
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import IdentityDoubt
from bridge.steps.identity.doubts import ask_for_identity
from bridge.steps.identity.minors import mark_minor_by_officer

DOUBT_HELP = (
    "Why it is not sure: the address is on no record of theirs, several persons are named, an order is not found, what is "
    "stated contradicts the records, or the request is unusual. Or it is known that the person is under 18: a parent or guardian is "
    "asked to ask for the copy."
)


@json_command(
    example="dsr identify req_01M84N6EY20CZ9W2PB73FKRKAY --doubt address_not_on_record --reason 'asked from a new mailbox'"
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--doubt", required=True, type=click.Choice([doubt.value for doubt in IdentityDoubt]), help=DOUBT_HELP)
@REASON_OPTION
def identify(request_id: str, doubt: str, reason: str) -> None:
    """Record that it is doubted who asks, and why; the person is asked for proof by a letter.

    Only where there is reasonable doubt. Until `dsr identified` nothing is read, sent or changed for the request; its
    term runs on. At half of the term the person is reminded; at its end they are told that it could not be verified.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not recorded", IDENTITY_FAULTS, about=request_id),
    ):
        actor, services = context.operator, context.services
        if doubt == IdentityDoubt.PERSON_IS_MINOR:
            times_asked = mark_minor_by_officer(request_id, actor=actor, reason=reason, services=services)
        else:
            times_asked = ask_for_identity(
                request_id, IdentityDoubt(doubt), actor=actor, reason=reason, services=services
            )
    shown = {"id": request_id, "doubt": doubt, "times_asked": times_asked}
    show(shown, f"{request_id} waits for proof of who asks. A letter that asks for it is queued.")
