"""`vault attest`: for an order whose copy cannot be made, an operator's word that the merchant's books have it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bridge.cli.context import AS_JSON, desk, operator
from bridge.cli.printing import emit
from bridge.cli.vault.document_view import (
    REASON,
    REASONS,
    REFERENCE,
    SHOP,
    go_on,
    known_shop,
    order_number,
    refuse_reference,
    refuse_where_others_keep_the_books,
)
from bridge.errors import PayloadInvalid
from bridge.model import DocumentForm, DocumentKind, Paper
from bridge.rules.evidence.chain import canonical
from bridge.rules.retention.document_files import issued_at
from bridge.steps.retention.file_document import take_in


@click.command()
@SHOP
@click.option("--order-id", required=True, help="Shopify's number of the order.")
@REFERENCE
@REASON
@click.option(
    "--issued-at", "issued", default="", help="When the document was issued, if known. [default: now]"
)
@AS_JSON
def attest(shop: str, order_id: str, reference: str, reason: str, issued: str, as_json: bool) -> None:
    """Say that the merchant's own books have the document of an order. Its erasure then goes on."""
    number = order_number(order_id)
    refuse_reference(reference)
    with desk() as at:
        known_shop(at, shop)
        refuse_where_others_keep_the_books(at)
        now = datetime.now(UTC)
        try:
            when = issued_at(issued, timezone=at.start.retention.timezone, now=now) if issued else now
        except PayloadInvalid as fault:
            raise click.UsageError(f"--issued-at: {REASONS[fault.reason]}") from None
        word = {"attested_by": operator(), "reference": reference, "on": now.date().isoformat()}
        paper = Paper(
            kind=DocumentKind.INVOICE,
            form=DocumentForm.ATTESTED,
            order_id=number,
            source=number,
            issued_at=when,
            content=canonical(word),
        )
        with at.store.transaction() as tx:
            document = take_in(shop, paper, actor=operator(), tx=tx, reference=reference, reason=reason)
        go_on(at, shop)
    if as_json:
        emit({"shop": shop, "document": document.id if document else None, "already_there": document is None})
    else:
        click.echo(f"Kept as {document.id}." if document else "Already said today; nothing was changed.")
