"""`dsr open`: a request that came by mail, phone or letter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context, parse_since
from bridge.cli.null_queue import NullQueue
from bridge.cli.printing import print_json
from bridge.errors import PayloadInvalid
from bridge.model import Principal, RequestKind
from bridge.steps.requests.open_by_operator import (
    OPERATOR_KINDS,
    build_operator_request,
    open_operator_request,
)

OPENING_FAULTS = {
    "shop_unknown": "that shop is not in the merchant's file",
    "received_in_the_future": "nobody asks in the future: --received-at must be past",
    "nobody_named": "give --customer-id, --email, --phone or --order",
    "customer_unreadable": "--customer-id must be Shopify's number of the customer",
    "email_unreadable": "--email is no e-mail address",
    "phone_unreadable": "--phone is no phone number; write it with its country code",
}


@click.command("open")
@click.argument("kind", type=click.Choice([kind.value for kind in OPERATOR_KINDS]))
@click.option("--shop", help="The *.myshopify.com domain. [default: the only one of the merchant's file]")
@click.option("--customer-id", default="", help="Shopify's number of the customer.")
@click.option("--email", default="")
@click.option(
    "--phone", default="", help="With country code. Finds somebody only where nothing else is given."
)
@click.option("--order", "orders", multiple=True, help="Shopify's number of an order; may be repeated.")
@click.option("--received-at", help="When the person asked: 2h, 3d, or a date. [default: now]")
@click.option(
    "--reason", required=True, help="Which door it came through, e.g. 'e-mail of 12 Nov'. No names."
)
@click.option("--dry-run", is_flag=True, help="Show clocks and what it would join; store nothing.")
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
    """Open a request by hand. It runs as one from Shopify does; its clock starts when the person asked."""
    who = Principal(customer_id=customer_id, email=email, phone=phone, order_ids=orders)
    at_moment = parse_since(received_at) or datetime.now(UTC)
    with open_command_context() as at:
        services = make_services(at.configuration, NullQueue(), at.store)
        shops = at.configuration.merchant.shops
        domain = shop or (shops[0] if len(shops) == 1 else "")
        if not domain:
            raise click.UsageError("--shop is needed: the merchant's file does not name exactly one")
        told: dict[str, Any]
        try:
            with at.store.transaction() as tx:
                request = build_operator_request(
                    RequestKind(kind), domain, who, at_moment, tx=tx, services=services
                )
                same = tx.requests.find_open_request(domain, kind, request.subject)
            told = {
                "kind": kind,
                "shop": domain,
                "received_at": request.received_at,
                "acknowledge_due_at": request.acknowledge_due_at,
                "due_at": min(request.due_at, same.due_at) if same else request.due_at,
                "due_governed_by": same.due_governed_by
                if same and same.due_at <= request.due_at
                else request.due_governed_by,
                "joins": same.id if same else None,
                "dry_run": dry_run,
                "id": None,
            }
            if not dry_run:
                told["id"] = open_operator_request(
                    RequestKind(kind),
                    domain,
                    who,
                    at_moment,
                    actor=get_operator(),
                    reason=reason,
                    services=services,
                )
        except PayloadInvalid as fault:
            exit_with_error(f"Not opened: {OPENING_FAULTS.get(fault.reason, fault.reason)}.")
    if as_json:
        print_json(told)
        return
    verb = "Would join" if dry_run and same else "Would open" if dry_run else "Joined" if same else "Opened"
    click.echo(
        f"{verb} {told['id'] or told['joins'] or kind}: due {told['due_at']} ({told['due_governed_by']})."
    )
