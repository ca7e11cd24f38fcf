"""`disclosure remove`: remove a disclosure that was recorded by mistake."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.disclosure.disclosure_view import DISCLOSURE_ARGUMENT, exit_on_invalid_disclosure
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.steps.desk.record_disclosure import remove_disclosure


@json_command(
    "remove",
    example="disclosure remove dcl_01M84N6EY20CZ9W2PB73FKRKAY --reason 'wrong order, ticket 4711' --yes",
    irreversible="What was recorded is destroyed. Only what was recorded by mistake may go before its last day.",
)
@DISCLOSURE_ARGUMENT
@REASON_OPTION
def remove_disclosure_command(disclosure_id: str, reason: str) -> None:
    """Remove a disclosure that was recorded by mistake: of another person, or twice."""
    with open_command_context() as context, exit_on_invalid_disclosure(disclosure_id):
        remove_disclosure(disclosure_id, actor=context.operator, reason=reason, services=context.services)
    show({"id": disclosure_id, "removed": True}, f"{disclosure_id} is removed.")
