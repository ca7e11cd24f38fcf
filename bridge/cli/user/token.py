"""`user token`: give a user a bearer token of the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, format_time, when_option
from bridge.cli.user.user_view import USER_ARGUMENT, exit_on_user_fault
from bridge.steps.operators.change_users import create_token, revoke_tokens

TOKEN_LASTS = timedelta(days=90)


@json_command(example="user token helpdesk --expires 90d\nuser token helpdesk --revoke")
@USER_ARGUMENT
@when_option("--expires", meaning="When it stops to be valid. [default: in 90 days]", ahead=True)
@click.option("--revoke", is_flag=True, help="End all tokens of the user instead.")
def token(name: str, expires: When | None, revoke: bool) -> None:
    """Print a new bearer token of the API for a user, once. It may what the user's role may."""
    if revoke and expires:
        raise click.UsageError("--expires is for a new token, --revoke makes none")
    with open_command_context() as context, exit_on_user_fault():
        actor, store = context.operator, context.store
        if revoke:
            count = revoke_tokens(name, actor=actor, store=store)
            shown: dict[str, object] = {"name": name, "revoked": count}
            text = f"{count} tokens of {name} ended."
        else:
            expires_at = expires.resolve(context.merchant_zone) if expires else datetime.now(UTC) + TOKEN_LASTS
            made = create_token(name, expires_at=expires_at, actor=actor, store=store)
            shown = {"name": name, "token": made, "expires_at": expires_at}
            text = f"{made}\nIt is valid until {format_time(expires_at)} and is never shown again."
    show(shown, text)
