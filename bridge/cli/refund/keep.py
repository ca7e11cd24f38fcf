"""`refund keep`: store bank details, read from stdin or a prompt without echo, never from an argument."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import OPTIONAL_SHOP_OPTION
from bridge.cli.printing import show
from bridge.cli.refund.refund_view import REFUND_FAULTS, refund_row
from bridge.cli.shared.dates import When, when_option
from bridge.errors import PayloadInvalid
from bridge.rules.refunds.settlement import BANK_DETAIL_FIELDS, validate_bank_details
from bridge.steps.refunds.store_bank_details import store_bank_details

BANK_DETAIL_PROMPTS = {
    "account_number": "Account number (empty for UPI)",
    "ifsc": "IFSC",
    "account_holder": "Name on the account",
    "upi_id": "UPI address",
}


@json_command("keep", example="refund keep --order-id 5123456789 --refund-id 99 --opened-at 2d < account.json")
@OPTIONAL_SHOP_OPTION
@click.option("--order-id", required=True, help="Shopify's number of the order.")
@click.option("--refund-id", required=True, help="Shopify's number of the refund, or your own identifier for it.")
@when_option("--opened-at", meaning="When the refund was agreed. [default: now]")
def keep_bank_details_command(shop: str | None, order_id: str, refund_id: str, opened_at: When | None) -> None:
    """Store the bank details for one refund, sealed.

    They are read from stdin as JSON with account_number, ifsc, account_holder or upi_id. At a terminal the command
    asks for them without echo. They are never arguments, because the shell would store those in its history.
    """
    with open_command_context() as context:
        agreed_at = opened_at.resolve(context.merchant_zone) if opened_at else datetime.now(UTC)
        domain = context.choose_shop(shop)
        context.require_known_shop(domain)
        try:
            account = store_bank_details(
                context.resolve_shop(domain),
                validate_bank_details(_read_bank_details_input()),
                order_id=order_id,
                refund=refund_id,
                opened_at=agreed_at,
                actor=context.operator,
                services=context.services,
            )
        except PayloadInvalid as fault:
            raise click.UsageError(REFUND_FAULTS[fault.reason]) from None
        if account is None:
            exit_with_error("This refund has details already.", "`bridge refund list` lists it.")
        with context.store.transaction() as tx:
            row = refund_row(tx, account)
    show(row, f"{account.id} stores the details for refund {account.refund_id}: {row['to']}.")


def _read_bank_details_input() -> Mapping[str, Any]:
    """Return the given fields. Raises UsageError that does not repeat what was given."""
    if sys.stdin.isatty():
        fields = {name: _prompt_for_field(name) for name in BANK_DETAIL_FIELDS[:1]}
        more_names = BANK_DETAIL_FIELDS[1:3] if fields["account_number"] else BANK_DETAIL_FIELDS[3:]
        return fields | {name: _prompt_for_field(name) for name in more_names}
    try:
        given = json.loads(sys.stdin.read())
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise click.UsageError("stdin must be one JSON object with account_number, ifsc, account_holder or upi_id")
    return given


def _prompt_for_field(name: str) -> str:
    return str(click.prompt(BANK_DETAIL_PROMPTS[name], hide_input=True, default="", show_default=False, err=True))
