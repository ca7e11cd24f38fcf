"""`user disable`: take somebody's access away."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.cli.user.user_view import USER_ARGUMENT, exit_on_user_fault
from bridge.steps.operators.change_users import disable_user


@json_command(
    example="user disable ravi --reason 'left the company' --yes",
    irreversible="A disabled user is not enabled again, and the user's API tokens end.",
)
@USER_ARGUMENT
@REASON_OPTION
def disable(name: str, reason: str) -> None:
    """Disable a user at once, with all API tokens. The name stays taken, because evidence names it."""
    with open_command_context() as context, exit_on_user_fault():
        tokens = disable_user(name, actor=context.operator, reason=reason, store=context.store)
    show({"name": name, "disabled": True, "tokens": tokens}, f"{name} is disabled; {tokens} API tokens ended.")
