"""`dsr close`: end the erasure of a shop without erasing it."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.dsr.dsr_view import apply_shop_decision
from bridge.cli.options import REASON_OPTION
from bridge.cli.printing import show
from bridge.model import ShopExitDecision


@json_command()
@click.argument("request_id", metavar="ID")
@REASON_OPTION
def close(request_id: str, reason: str) -> None:
    """End the erasure of a shop that installed the app again, without erasing.

    Its certificate says not_erased, and why.
    """
    decision = ShopExitDecision.CLOSE
    with open_command_context() as context:
        apply_shop_decision(request_id, decision, reason, context)
    show({"id": request_id, "decision": decision}, f"{request_id} ends within seconds. Nothing was erased.")
