"""`dsr open`: open a request that came by mail, phone or letter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from bridge.cli.context import exit_with_error, open_command_context
from bridge.cli.options import JSON_OPTION, OPTIONAL_SHOP_OPTION, parse_since
from bridge.cli.printing import show
from bridge.errors import PayloadInvalid
from bridge.model import Principal, RequestKind
from bridge.steps.requests.open_by_operator import OPERATOR_KINDS, build_operator_request, open_operator_request

OPENING_FAULTS = {
    "shop_unknown": "the merchant file does not name that shop",
    "received_in_the_future": "--received-at must not lie in the future",
    "nobody_named": "give --customer-id, --email, --phone or --order",
    "customer_unreadable": "--customer-id must be Shopify's number of the customer",
    "email_unreadable": "--email is not an e-mail address",
    "phone_unreadable": "--phone is not a phone number; write it with its country code",
}


@click.command("open")
@click.argument("kind", type=click.Choice([kind.value for kind in OPERATOR_KINDS]))
@OPTIONAL_SHOP_OPTION
@click.option("--customer-id", default="", help="Shopify's number of the customer.")
@click.option("--email", default="")
@click.option(
    "--phone", default="", help="With country code. Used to find the data subject only if nothing else is given."
)
@click.option("--order", "orders", multiple=True, help="Shopify's number of an order; may be repeated.")
@click.option("--received-at", help="When the data subject asked: 2h, 3d, or a date. [default: now]")
@click.option("--reason", required=True, help="How the request came, for example 'e-mail of 12 Nov'. No names.")
@click.option("--dry-run", is_flag=True, help="Show the clocks and the open request that it would join; store nothing.")
@JSON_OPTION
def open_request_command(
    kind: str,
    shop: str | None,
    customer_id: str,
    email: str,
    phone: str,
    orders: tuple[str, ...],
    received_at: str | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Open a request by hand. It runs like one from Shopify; its clock starts when the data subject asked."""
    principal = Principal(customer_id=customer_id, email=email, phone=phone, order_ids=orders)
    asked_at = parse_since(received_at) or datetime.now(UTC)
    with open_command_context() as context:
        services = context.services
        domain = context.choose_shop(shop)
        try:
            with context.store.transaction() as tx:
                request = build_operator_request(
                    RequestKind(kind), domain, principal, asked_at, tx=tx, services=services
                )
                joined = tx.requests.find_open_request(domain, kind, request.subject)
            result: dict[str, Any] = {
                "kind": kind,
                "shop": domain,
                "received_at": request.received_at,
                "acknowledge_due_at": request.acknowledge_due_at,
                "due_at": min(request.due_at, joined.due_at) if joined else request.due_at,
                "due_governed_by": joined.due_governed_by
                if joined and joined.due_at <= request.due_at
                else request.due_governed_by,
                "joins": joined.id if joined else None,
                "dry_run": dry_run,
                "id": None,
            }
            if not dry_run:
                result["id"] = open_operator_request(
                    RequestKind(kind),
                    domain,
                    principal,
                    asked_at,
                    actor=context.operator,
                    reason=reason,
                    services=services,
                )
        except PayloadInvalid as fault:
            exit_with_error(f"Not opened: {OPENING_FAULTS.get(fault.reason, fault.reason)}.")
    would_verb, verb = ("Would join", "Joined") if joined else ("Would open", "Opened")
    show(
        result,
        as_json,
        f"{would_verb if dry_run else verb} {result['id'] or result['joins'] or kind}: due {result['due_at']} ({result['due_governed_by']}).",
    )
