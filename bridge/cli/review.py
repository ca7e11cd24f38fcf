"""`review …`: what needs a person's eye. A review names places and kinds; whose it is, only to who asks with a reason."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.context import JSON_OPTION, exit_with_error, get_operator, open_command_context
from bridge.cli.printing import print_json, print_table
from bridge.model import Fact, Review
from bridge.rules.index.identity import legacy_id
from bridge.rules.scanning.free_text import build_review_key

REVIEW_FIELDS = ("id", "kind", "what", "shop", "request_id", "opened_at", "closed_at", "closed_by")
REVIEW_TABLE_COLUMNS = ("id", "kind", "what", "shop", "opened_at", "closed_at")


@click.group()
def review() -> None:
    """What needs a person's eye: what was seen, where, on which day."""


@review.command("list")
@click.option("--kind", default="", help="Only of this kind, e.g. bank_details.")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
@JSON_OPTION
def list_reviews_command(kind: str, everything: bool, as_json: bool) -> None:
    """List what is open, oldest first."""
    with open_command_context() as at, at.store.transaction() as tx:
        _print_reviews(tx.reviews.list_reviews(is_open=not everything, kind=kind), as_json)


@review.command()
@click.argument("review_id", metavar="ID")
@click.option("--reveal", is_flag=True, help="Show which order it is. This is recorded as evidence.")
@click.option("--reason", default="", help="Why, with --reveal. No names.")
@JSON_OPTION
def show(review_id: str, reveal: bool, reason: str, as_json: bool) -> None:
    """Show one. Its order can be named while the index knows it, else `review find` tries a number."""
    if reveal and not reason:
        raise click.UsageError("--reveal needs --reason: who reads personal data says why")
    with open_command_context() as at, at.store.transaction() as tx:
        found = tx.reviews.find_review(review_id)
        if found is None:
            exit_with_error(f"There is no review {review_id}.")
        shown = _review_row(found)
        if reveal:
            shown["order_id"], shown["order_name"] = tx.reviews.find_order_of_review(review_id)
            tx.evidence.append_fact(
                Fact.PERSONAL_DATA_REVEALED,
                shop=found.shop,
                actor=get_operator(),
                request_id=found.request_id,
                what="review",
                review=review_id,
                reason=reason,
            )
    if as_json:
        print_json(shown)
        return
    for name, value in shown.items():
        click.echo(f"{name.replace('_', ' '):12} {value or '-'}")


@review.command()
@click.option("--shop", help="The *.myshopify.com domain. [default: the only one of the merchant's file]")
@click.option("--order-id", default="", help="Shopify's number of an order.")
@click.option("--customer-id", default="", help="Shopify's number of a customer, for her note and tags.")
@JSON_OPTION
def find(shop: str | None, order_id: str, customer_id: str, as_json: bool) -> None:
    """Find the reviews of an order or a customer, open and closed: their numbers are kept as keyed digests only."""
    order, customer = legacy_id(order_id), legacy_id(customer_id)
    if bool(order) == bool(customer):
        raise click.UsageError("give --order-id or --customer-id: Shopify's number")
    with open_command_context() as at, at.store.transaction() as tx:
        shops = at.configuration.merchant.shops
        domain = shop or (shops[0] if len(shops) == 1 else "")
        if not domain:
            raise click.UsageError("--shop is needed: the merchant's file does not name exactly one")
        if order:
            found = tx.reviews.list_reviews_of_order(domain, order)
        else:
            found = tx.reviews.list_reviews_by_idempotency_key(
                domain, lambda one: build_review_key(one.what, customer_id=customer)
            )
        _print_reviews(found, as_json)


@review.command()
@click.argument("review_id", metavar="ID")
@click.option("--reason", required=True, help="What was done about it, for the evidence. No names.")
@JSON_OPTION
def close(review_id: str, reason: str, as_json: bool) -> None:
    """Close one: a person has looked and acted."""
    with open_command_context() as at, at.store.transaction() as tx:
        if not tx.reviews.close_review(review_id, actor=get_operator(), reason=reason):
            exit_with_error(f"{review_id} is not open: `python -m bridge review list` shows what is.")
    if as_json:
        print_json({"id": review_id, "closed": True})
    else:
        click.echo(f"{review_id} is closed.")


def _review_row(review_record: Review) -> dict[str, Any]:
    return {name: getattr(review_record, name) for name in REVIEW_FIELDS}


def _print_reviews(reviews: Any, as_json: bool) -> None:
    shown = [_review_row(each) for each in reviews]
    if as_json:
        print_json(shown)
    else:
        print_table(shown, REVIEW_TABLE_COLUMNS, empty="Nothing needs a person's eye.")
