"""`user list`: list who works with the bridge."""

from __future__ import annotations

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import select_fields, show_table

USER_COLUMNS = ("name", "role", "created_at", "secret_set_at", "disabled_at", "failures", "locked_until")
NO_USERS = (
    "There are no users: who can run commands may run all of them. `bridge user add NAME --role admin` changes that."
)


@json_command("list", example="user list")
def list_users_command() -> None:
    """List the users with their roles, wrong secrets since the last right one, and valid API tokens."""
    with open_command_context() as context, context.store.transaction() as tx:
        tokens = tx.api_access.count_tokens()
        rows = [
            {**select_fields(user, USER_COLUMNS), "tokens": tokens.get(user.name, 0)} for user in tx.users.list_users()
        ]
    show_table(rows, (*USER_COLUMNS, "tokens"), empty=NO_USERS)
