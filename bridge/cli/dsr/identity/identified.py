"""`dsr identified`: record by what it became sure who asks."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_on_refusal, open_command_context
from bridge.cli.dsr.identity.identity_view import IDENTITY_FAULTS
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.ids import REQUEST_ID
from bridge.model import IdentityMethod
from bridge.steps.identity.doubts import confirm_identity

# a link proves by itself: nobody types that
TYPED_METHODS = [method.value for method in IdentityMethod if method is not IdentityMethod.LINK_TO_RECORDED_CONTACT]
METHOD_HELP = (
    "By what: a reply from an address or phone on record, a document that you saw, or your own knowledge. For a person under 18: a "
    "parent or guardian asked, or the person is of age and the birth date on record is wrong."
)


@json_command(
    example="dsr identified req_01M84N6EY20CZ9W2PB73FKRKAY --method document_seen --reason 'passport shown in the shop'"
)
@click.argument("request_id", type=REQUEST_ID, metavar="ID")
@click.option("--method", required=True, type=click.Choice(TYPED_METHODS), help=METHOD_HELP)
@REASON_OPTION
def identified(request_id: str, method: str, reason: str) -> None:
    """Record by what it became sure who asks: the request goes on, also after its term.

    For a person under 18 (`person_is_minor`) make sure that it is the parent or guardian who asks. Keep no copy of a document. Method, operator and time stay as evidence; the reason does, too: no names and numbers.
    """
    with (
        open_command_context() as context,
        exit_on_refusal(f"{request_id}: not recorded", IDENTITY_FAULTS, about=request_id),
    ):
        confirm_identity(
            request_id,
            IdentityMethod(method),
            actor=context.operator,
            reason=reason,
            proof={"seen_by": context.operator, "note": reason},
            services=context.services,
        )
    show({"id": request_id, "method": method}, f"{request_id}: it is recorded who asks. The request goes on.")
