"""`user secret`: give a user another secret."""

from __future__ import annotations

from pathlib import Path

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show
from bridge.cli.user.user_view import SECRET_FILE_OPTION, USER_ARGUMENT, exit_on_user_fault, read_new_secret
from bridge.steps.operators.change_users import set_secret


@json_command(example="user secret ravi\nuser secret ravi --secret-file - < secret.txt")
@USER_ARGUMENT
@SECRET_FILE_OPTION
def secret(name: str, source: Path | None) -> None:
    """Set a new secret, for example after it was forgotten. A user that wrong secrets locked may go on at once."""
    with open_command_context() as context, exit_on_user_fault():
        set_secret(name, read_new_secret(source), actor=context.operator, store=context.store)
    show({"name": name, "changed": True}, f"{name} has a new secret.")
