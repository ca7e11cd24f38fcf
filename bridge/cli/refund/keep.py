"""`refund keep`: bank details come in by stdin or a prompt without echo, never as an argument."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context, parse_since
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.cli.refund.refund_view import REFUND_FAULTS, refund_row
from bridge.errors import PayloadInvalid
from bridge.rules.refunds.settlement import BANK_DETAIL_FIELDS, validate_bank_details
from bridge.rules.webhooks.topics import is_shop_domain
from bridge.steps.refunds.store_bank_details import store_bank_details

BANK_DETAIL_PROMPTS = {
    "account_number": "Account number (empty for UPI)",
    "ifsc": "IFSC",
    "account_holder": "Name on the account",
    "upi_id": "UPI address",
}


@click.command("keep")
@click.option("--shop", help="The *.myshopify.com domain. [default: the only one of the merchant's file]")
@click.option("--order-id", required=True, help="Shopify's number of the order.")
@click.option("--refund-id", required=True, help="Shopify's number of the refund, or your own mark for it.")
@click.option("--opened-at", help="When the refund was agreed: 2h, 3d, or a date. [default: now]")
@JSON_OPTION
def keep_bank_details_command(
    shop: str | None, order_id: str, refund_id: str, opened_at: str | None, as_json: bool
) -> None:
    """Keep the bank details for one refund.

    They are read from stdin as JSON with account_number, ifsc, account_holder or upi_id; at a terminal they are
    asked for without echo. Never give them as arguments: the machine keeps those.
    """
    moment = parse_since(opened_at) or datetime.now(UTC)
    with open_command_context() as at:
        shops = at.configuration.merchant.shops
        domain = shop or (shops[0] if len(shops) == 1 else "")
        if not is_shop_domain(domain) or (shops and domain not in shops):
            raise click.UsageError("--shop is needed: a shop of the merchant's file")
        try:
            account = store_bank_details(
                domain,
                validate_bank_details(_read_bank_details_input()),
                order_id=order_id,
                refund=refund_id,
                opened_at=moment,
                actor=get_operator(),
                services=make_services(at.configuration, NullQueue(), at.store),
            )
        except PayloadInvalid as fault:
            raise click.UsageError(REFUND_FAULTS[fault.reason]) from None
        if account is None:
            exit_with_error("This refund has details already: `python -m bridge refund list` shows them.")
        with at.store.transaction() as tx:
            told = refund_row(tx, account)
    if as_json:
        print_json(told)
    else:
        click.echo(f"{account.id} keeps the details for refund {account.refund_id}: {told['to']}.")


def _read_bank_details_input() -> Mapping[str, Any]:
    """What was given. A fault of the JSON is told without it."""
    if sys.stdin.isatty():
        asked = {name: _prompt_for_field(name) for name in BANK_DETAIL_FIELDS[:1]}
        rest = BANK_DETAIL_FIELDS[1:3] if asked["account_number"] else BANK_DETAIL_FIELDS[3:]
        return asked | {name: _prompt_for_field(name) for name in rest}
    try:
        given = json.loads(sys.stdin.read())
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise click.UsageError(
            "stdin must be one JSON object with account_number, ifsc, account_holder or upi_id"
        )
    return given


def _prompt_for_field(name: str) -> str:
    return str(
        click.prompt(BANK_DETAIL_PROMPTS[name], hide_input=True, default="", show_default=False, err=True)
    )
