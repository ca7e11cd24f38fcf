"""`user add`: add somebody who works with the bridge."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show
from bridge.cli.user.user_view import SECRET_FILE_OPTION, USER_ARGUMENT, exit_on_user_fault, read_new_secret
from bridge.model import Role
from bridge.steps.operators.change_users import add_user

FIRST_USER_NOTE = (
    "\nFrom now on every command that changes or shows something asks who runs it: give --as NAME or set BRIDGE_OPERATOR,\n"
    "and the secret at the prompt or in the file that BRIDGE_OPERATOR_SECRET_FILE names. docs/operators.md has the roles."
)


@json_command(example="user add asha.k --role admin\nuser add ravi --role sales_logistics --secret-file secret.txt")
@USER_ARGUMENT
@click.option("--role", required=True, type=click.Choice([str(role) for role in Role]), help="What the user may do.")
@SECRET_FILE_OPTION
def add(name: str, role: str, source: Path | None) -> None:
    """Add a user. The first one is an admin, and from then on commands ask who runs them."""
    with open_command_context() as context, exit_on_user_fault():
        secret = read_new_secret(source)
        is_first = add_user(name, Role(role), secret, actor=context.operator, store=context.store)
    note = FIRST_USER_NOTE if is_first else ""
    show({"name": name, "role": role, "first": is_first}, f"{name} is a user with the role {role}.{note}")
