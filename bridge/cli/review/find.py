"""`review find`: find the reviews of an order or a customer."""

from __future__ import annotations

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.options import OPTIONAL_SHOP_OPTION
from bridge.cli.review.review_view import show_reviews
from bridge.rules.index.identity import legacy_id
from bridge.rules.scanning.free_text import build_review_key


@json_command(example="review find --order-id 5123456789")
@OPTIONAL_SHOP_OPTION
@click.option("--order-id", default="", help="Shopify's number of an order.")
@click.option("--customer-id", default="", help="Shopify's number of a customer, for the note and the tags.")
def find(shop: str | None, order_id: str, customer_id: str) -> None:
    """Find the reviews of an order or a customer, open and closed. Reviews store their numbers as keyed digests."""
    order, customer = legacy_id(order_id), legacy_id(customer_id)
    if bool(order) == bool(customer):
        raise click.UsageError("give --order-id or --customer-id: Shopify's number")
    with open_command_context() as context, context.store.transaction() as tx:
        domain = context.choose_shop(shop)
        if order:
            reviews = tx.reviews.list_reviews_of_order(domain, order)
        else:
            reviews = tx.reviews.list_reviews_by_idempotency_key(
                domain, lambda review: build_review_key(review.what, customer_id=customer)
            )
        reviews = list(reviews)
        context.record_search(
            tx, shop=domain, by="order" if order else "customer", where="reviews", results=len(reviews)
        )
        show_reviews(reviews, tx)
