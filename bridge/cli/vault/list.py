"""`vault list`: which documents there are; nothing of their content."""

from __future__ import annotations

from dataclasses import asdict

import click

from bridge.cli.context import AS_JSON, desk
from bridge.cli.printing import emit, table
from bridge.cli.vault.document_view import order_number
from bridge.model import Document

COLUMNS = ("id", "kind", "form", "issued_at", "sealed_at", "erasable_from", "grounds", "request_id")


@click.command("list")
@click.option("--shop", default="", help="The *.myshopify.com domain. [default: all]")
@click.option("--order-id", default="", help="Shopify's number of an order; needs --shop.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most so many.")
@AS_JSON
def list_(shop: str, order_id: str, limit: int, as_json: bool) -> None:
    """List sealed documents, oldest first: kind, days, what holds them. Never what is in them."""
    if order_id and not shop:
        raise click.UsageError("--order-id needs --shop: the same number is another order elsewhere")
    with desk() as at, at.store.transaction() as tx:
        if order_id:
            number = order_number(order_id)
            documents = tx.documents.of_orders(shop, [number]).get(number, [])[:limit]
        else:
            documents = tx.documents.listed(shop=shop, limit=limit)
    if as_json:
        emit([shown(document) for document in documents])
        return
    rows = [shown(each) | {"grounds": ", ".join(each.grounds) or None} for each in documents]
    table(rows, COLUMNS if shop else ("shop", *COLUMNS), empty="No documents.")


def shown(document: Document) -> dict[str, object]:
    """A document as it is listed: without the pseudonym of its order and the digest of its content."""
    told = asdict(document)
    return {name: told[name] for name in ("id", "shop", *COLUMNS[1:], "media_type", "law_sha256")}
