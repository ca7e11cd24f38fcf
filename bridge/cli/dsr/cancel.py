"""`dsr cancel`: take back what was asked of the platform by hand."""

from __future__ import annotations

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator, refuse
from bridge.cli.null_queue import NoBell
from bridge.cli.printing import emit
from bridge.errors import BridgeError
from bridge.steps.erasure.cancel_platform_erasure import cancel as cancel_step


@click.command()
@click.argument("request_id", metavar="ID")
@click.option("--reason", required=True, help="Why, for the evidence. No names.")
@AS_JSON
def cancel(request_id: str, reason: str, as_json: bool) -> None:
    """Take Shopify's own erasure back while it waits. What was erased here stays erased."""
    with desk() as at:
        services = make_services(at.start, NoBell(), at.store)
        try:
            cancel_step(request_id, actor=operator(), reason=reason, services=services)
        except BridgeError as fault:
            refuse(f"Not cancelled: {fault}.")
    if as_json:
        emit({"id": request_id, "cancelled": True})
    else:
        click.echo(f"{request_id}: Shopify will not erase on our asking. What was erased here stays erased.")
