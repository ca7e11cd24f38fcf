"""`dsr cancel`: take back what was asked of the platform by hand."""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.errors import BridgeError
from bridge.steps.erasure.cancel_platform_erasure import cancel_platform_erasure as cancel_step


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why, for the evidence. No names.")
@JSON_OPTION
def cancel(request_id: str, reason: str, as_json: bool) -> None:
    """Take Shopify's own erasure back while it waits. What was erased here stays erased."""
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        try:
            cancel_step(request_id, actor=get_operator(), reason=reason, services=services)
        except BridgeError as fault:
            exit_with_error(f"Not cancelled: {fault}.")
    if as_json:
        print_json({"id": request_id, "cancelled": True})
    else:
        click.echo(f"{request_id}: Shopify will not erase on our asking. What was erased here stays erased.")
