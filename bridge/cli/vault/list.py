"""`vault list`: list the sealed documents, without their content."""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.command import json_command
from bridge.cli.context import name_shops, open_command_context
from bridge.cli.options import LIMIT
from bridge.cli.printing import print_table, select_fields, show
from bridge.cli.vault.vault_view import parse_order_number
from bridge.model import Document

DOCUMENT_LIST_COLUMNS = ("id", "kind", "form", "issued_at", "sealed_at", "erasable_from", "grounds", "request_id")


@json_command("list", example="vault list --shop minimiss-demo.myshopify.com --order-id 5123456789")
@click.option("--shop", default="", help="The *.myshopify.com domain. [default: all]")
@click.option("--order-id", default="", help="Shopify's number of an order; needs --shop.")
@click.option("--limit", default=100, show_default=True, type=LIMIT, help="At most this many.")
def list_documents_command(shop: str, order_id: str, limit: int) -> None:
    """List sealed documents, oldest first: kind, days, and what keeps them. Never their content.

    The day of release is stored when an erasure leaves a document behind; `hold list` computes it for all.
    """
    if order_id and not shop:
        raise click.UsageError("--order-id needs --shop: order numbers of different shops may be equal")
    with open_command_context() as context, context.store.transaction() as tx:
        if order_id:
            number = parse_order_number(order_id)
            documents = tx.documents.find_documents_by_order_id(shop, [number]).get(number, [])[:limit]
            context.record_search(tx, shop=shop, by="order", where="documents", results=len(documents))
        else:
            documents = tx.documents.list_documents(shop=shop, limit=limit)
        rows = name_shops((document_row(document) for document in documents), tx)
    columns = DOCUMENT_LIST_COLUMNS if shop else ("shop", *DOCUMENT_LIST_COLUMNS)
    show(rows, lambda rows: print_table(map(_join_grounds, rows), columns, empty="No documents."))


def document_row(document: Document) -> dict[str, Any]:
    """Return a document as it is listed: without the pseudonym of its order and the digest of its content."""
    return select_fields(document, ("id", "shop", *DOCUMENT_LIST_COLUMNS[1:], "media_type", "law_sha256"))


def _join_grounds(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"grounds": ", ".join(row["grounds"]) or None}
