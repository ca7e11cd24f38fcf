"""`hold open`, `review`, `approve`, `release`: a claim on an order, and what becomes of any claim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import JSON_OPTION, get_operator, open_command_context
from bridge.cli.hold.hold_view import exit_on_invalid_hold, legal_hold_row, opened_hold_row
from bridge.cli.null_queue import NullQueue
from bridge.cli.options import reference_option
from bridge.cli.printing import print_json
from bridge.model import LegalHold, Proceeding
from bridge.steps.retention import legal_hold as verbs

REASON_OPTION = click.option("--reason", required=True, help="Why, for the evidence. No names.")
LEGAL_HOLD_ARGUMENT = click.argument("claim_id", metavar="CLM")
PROCEEDING_OPTION = click.option(
    "--proceeding",
    "kind",
    type=click.Choice([each.value for each in Proceeding]),
    callback=lambda _context, _option, given: given or "",
    help="It is one of the tax authorities: about GST, or an assessment of income tax that was reopened.",
)
DISPOSED_ON_OPTION = click.option(
    "--disposed-on",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=lambda _context, _option, moment: moment.date() if moment else None,
    help="The day of a proceeding's final disposal. Its books are kept on from there.",
)


@click.command("open")
@click.option("--shop", help="The *.myshopify.com domain. [default: the only one of the merchant's file]")
@click.option("--order-id", required=True, help="Shopify's number of the order.")
@reference_option("The claim's file number.")
@PROCEEDING_OPTION
@REASON_OPTION
@JSON_OPTION
def open_legal_hold_command(
    shop: str | None, order_id: str, reference: str, kind: str, reason: str, as_json: bool
) -> None:
    """Hold what belongs to one order: a dispute, a chargeback, a summons, a proceeding about its tax."""
    with open_command_context() as at, exit_on_invalid_hold():
        shops = at.configuration.merchant.shops
        domain = shop or (shops[0] if len(shops) == 1 else "")
        if not domain:
            raise click.UsageError("--shop is needed: the merchant's file does not name exactly one")
        services = make_services(at.configuration, NullQueue(), at.store)
        held = verbs.open_order_legal_hold(
            domain,
            order_id,
            reference=reference,
            kind=kind,
            actor=get_operator(),
            reason=reason,
            services=services,
        )
    print_opened_hold(held, as_json)


@click.command()
@LEGAL_HOLD_ARGUMENT
@REASON_OPTION
@JSON_OPTION
def review(claim_id: str, reason: str, as_json: bool) -> None:
    """Say that you looked and the claim is still alive; the next look is due in ninety days."""
    claim = _change_legal_hold(verbs.review_legal_hold, claim_id, reason)
    _print_legal_hold(claim, f"is to be looked at again by {claim.review_due_at:%d %b %Y}", as_json)


@click.command()
@LEGAL_HOLD_ARGUMENT
@REASON_OPTION
@JSON_OPTION
def approve(claim_id: str, reason: str, as_json: bool) -> None:
    """Agree, as a second person, that a claim may live longer than a year."""
    claim = _change_legal_hold(verbs.approve_legal_hold, claim_id, reason)
    _print_legal_hold(claim, f"is approved by {claim.approved_by}", as_json)


@click.command()
@LEGAL_HOLD_ARGUMENT
@DISPOSED_ON_OPTION
@REASON_OPTION
@JSON_OPTION
def release(claim_id: str, disposed_on: date | None, reason: str, as_json: bool) -> None:
    """Say that a claim is over. What nothing else holds goes on its way."""
    print_released_hold(
        _change_legal_hold(verbs.release_legal_hold, claim_id, reason, disposed_on=disposed_on), as_json
    )


def print_opened_hold(result: verbs.LegalHoldResult, as_json: bool) -> None:
    """Print a claim that was opened, or that lived already."""
    if as_json:
        print_json({**opened_hold_row(result, now=result.legal_hold.opened_at), "new": result.is_new})
    elif result.is_new:
        click.echo(
            f"{result.legal_hold.id} holds {result.orders} orders with {result.documents} documents, and {result.items} records at"
            f" processors. To be looked at by {result.legal_hold.review_due_at:%d %b %Y}."
        )
    else:
        click.echo(f"{result.legal_hold.id} holds this already; nothing was changed.")


def print_released_hold(result: verbs.LegalHoldResult, as_json: bool) -> None:
    """Print a claim that was released."""
    told = {"documents": result.documents, "entries": result.items}
    if as_json:
        print_json({"id": result.legal_hold.id, "released": True, **told})
    else:
        click.echo(
            f"{result.legal_hold.id} is released: {result.documents} documents and {result.items} records go on."
        )


def _change_legal_hold(change: Callable[..., Any], legal_hold_id: str, reason: str, **more: Any) -> Any:
    with open_command_context() as at, exit_on_invalid_hold():
        services = make_services(at.configuration, NullQueue(), at.store)
        return change(legal_hold_id, actor=get_operator(), reason=reason, services=services, **more)


def _print_legal_hold(legal_hold: LegalHold, message: str, as_json: bool) -> None:
    if as_json:
        print_json(legal_hold_row(legal_hold, now=legal_hold.reviewed_at or legal_hold.opened_at))
    else:
        click.echo(f"{legal_hold.id} {message}.")
