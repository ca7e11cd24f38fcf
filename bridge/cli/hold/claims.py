"""`hold open`, `review`, `approve`, `release`: a claim on an order, and what becomes of any claim."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import click

from bridge.bootstrap import make_services
from bridge.cli.context import AS_JSON, desk, operator
from bridge.cli.hold.hold_view import claim_row, held_row, telling
from bridge.cli.null_queue import NoBell
from bridge.cli.options import reference_option
from bridge.cli.printing import emit
from bridge.model import LegalClaim, Proceeding
from bridge.steps.retention import legal_hold as verbs

REASON = click.option("--reason", required=True, help="Why, for the evidence. No names.")
CLAIM = click.argument("claim_id", metavar="CLM")
PROCEEDING = click.option(
    "--proceeding",
    "kind",
    type=click.Choice([each.value for each in Proceeding]),
    callback=lambda _context, _option, given: given or "",
    help="It is one of the tax authorities: about GST, or an assessment of income tax that was reopened.",
)
DISPOSED = click.option(
    "--disposed-on",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=lambda _context, _option, moment: moment.date() if moment else None,
    help="The day of a proceeding's final disposal. Its books are kept on from there.",
)


@click.command("open")
@click.option("--shop", help="The *.myshopify.com domain. [default: the only one of the merchant's file]")
@click.option("--order-id", required=True, help="Shopify's number of the order.")
@reference_option("The claim's file number.")
@PROCEEDING
@REASON
@AS_JSON
def open_(shop: str | None, order_id: str, reference: str, kind: str, reason: str, as_json: bool) -> None:
    """Hold what belongs to one order: a dispute, a chargeback, a summons, a proceeding about its tax."""
    with desk() as at, telling():
        shops = at.start.merchant.shops
        domain = shop or (shops[0] if len(shops) == 1 else "")
        if not domain:
            raise click.UsageError("--shop is needed: the merchant's file does not name exactly one")
        services = make_services(at.start, NoBell(), at.store)
        held = verbs.hold_order(
            domain,
            order_id,
            reference=reference,
            kind=kind,
            actor=operator(),
            reason=reason,
            services=services,
        )
    tell_held(held, as_json)


@click.command()
@CLAIM
@REASON
@AS_JSON
def review(claim_id: str, reason: str, as_json: bool) -> None:
    """Say that you looked and the claim is still alive; the next look is due in ninety days."""
    claim = _act(verbs.review, claim_id, reason)
    _tell(claim, f"is to be looked at again by {claim.review_due_at:%d %b %Y}", as_json)


@click.command()
@CLAIM
@REASON
@AS_JSON
def approve(claim_id: str, reason: str, as_json: bool) -> None:
    """Agree, as a second person, that a claim may live longer than a year."""
    claim = _act(verbs.approve, claim_id, reason)
    _tell(claim, f"is approved by {claim.approved_by}", as_json)


@click.command()
@CLAIM
@DISPOSED
@REASON
@AS_JSON
def release(claim_id: str, disposed_on: date | None, reason: str, as_json: bool) -> None:
    """Say that a claim is over. What nothing else holds goes on its way."""
    tell_released(_act(verbs.release_claim, claim_id, reason, disposed_on=disposed_on), as_json)


def tell_held(held: verbs.Held, as_json: bool) -> None:
    """Print a claim that was opened, or that lived already."""
    if as_json:
        emit({**held_row(held, now=held.claim.opened_at), "new": held.new})
    elif held.new:
        click.echo(
            f"{held.claim.id} holds {held.orders} orders with {held.documents} documents, and {held.entries} records at"
            f" processors. To be looked at by {held.claim.review_due_at:%d %b %Y}."
        )
    else:
        click.echo(f"{held.claim.id} holds this already; nothing was changed.")


def tell_released(held: verbs.Held, as_json: bool) -> None:
    """Print a claim that was released."""
    told = {"documents": held.documents, "entries": held.entries}
    if as_json:
        emit({"id": held.claim.id, "released": True, **told})
    else:
        click.echo(
            f"{held.claim.id} is released: {held.documents} documents and {held.entries} records go on."
        )


def _act(verb: Callable[..., Any], claim_id: str, reason: str, **more: Any) -> Any:
    with desk() as at, telling():
        services = make_services(at.start, NoBell(), at.store)
        return verb(claim_id, actor=operator(), reason=reason, services=services, **more)


def _tell(claim: LegalClaim, words: str, as_json: bool) -> None:
    if as_json:
        emit(claim_row(claim, now=claim.reviewed_at or claim.opened_at))
    else:
        click.echo(f"{claim.id} {words}.")
