"""`hold open`: open a legal hold on one order."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.hold.hold_options import PROCEEDING_OPTION, exit_on_invalid_hold
from bridge.cli.hold.hold_view import show_opened_hold
from bridge.cli.options import OPTIONAL_SHOP_OPTION, REASON_OPTION, reference_option
from bridge.steps.retention.legal_hold import open_order_legal_hold


@json_command("open", example="hold open --order-id 5123456789 --reference C-2026-17 --reason 'chargeback'")
@OPTIONAL_SHOP_OPTION
@click.option("--order-id", required=True, help="Shopify's number of the order.")
@reference_option("The file number of the dispute.")
@PROCEEDING_OPTION
@REASON_OPTION
def open_legal_hold_command(shop: str | None, order_id: str, reference: str, kind: str, reason: str) -> None:
    """Open a legal hold on one order: for a dispute, a chargeback, a summons, a proceeding about its tax."""
    with open_command_context() as context, exit_on_invalid_hold():
        key, services, actor = context.resolve_shop(context.choose_shop(shop)), context.services, context.operator
        result = open_order_legal_hold(
            key, order_id, reference=reference, kind=kind, actor=actor, reason=reason, services=services
        )
    show_opened_hold(result)
