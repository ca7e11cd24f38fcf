"""`vault list`: which documents there are; nothing of their content."""

from __future__ import annotations

from dataclasses import asdict

import click

from bridge.cli.context import JSON_OPTION, open_command_context
from bridge.cli.printing import print_json, print_table
from bridge.cli.vault.document_view import parse_order_number
from bridge.model import Document

DOCUMENT_LIST_COLUMNS = (
    "id",
    "kind",
    "form",
    "issued_at",
    "sealed_at",
    "erasable_from",
    "grounds",
    "request_id",
)


@click.command("list")
@click.option("--shop", default="", help="The *.myshopify.com domain. [default: all]")
@click.option("--order-id", default="", help="Shopify's number of an order; needs --shop.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1), help="At most so many.")
@JSON_OPTION
def list_documents_command(shop: str, order_id: str, limit: int, as_json: bool) -> None:
    """List sealed documents, oldest first: kind, days, what holds them. Never what is in them."""
    if order_id and not shop:
        raise click.UsageError("--order-id needs --shop: the same number is another order elsewhere")
    with open_command_context() as at, at.store.transaction() as tx:
        if order_id:
            number = parse_order_number(order_id)
            documents = tx.documents.find_documents_by_order_id(shop, [number]).get(number, [])[:limit]
        else:
            documents = tx.documents.list_documents(shop=shop, limit=limit)
    if as_json:
        print_json([document_row(document) for document in documents])
        return
    rows = [document_row(each) | {"grounds": ", ".join(each.grounds) or None} for each in documents]
    print_table(
        rows, DOCUMENT_LIST_COLUMNS if shop else ("shop", *DOCUMENT_LIST_COLUMNS), empty="No documents."
    )


def document_row(document: Document) -> dict[str, object]:
    """A document as it is listed: without the pseudonym of its order and the digest of its content."""
    told = asdict(document)
    return {
        name: told[name] for name in ("id", "shop", *DOCUMENT_LIST_COLUMNS[1:], "media_type", "law_sha256")
    }
