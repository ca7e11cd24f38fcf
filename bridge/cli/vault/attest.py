"""`vault attest`: for an order whose copy cannot be made, an operator's word that the merchant's books have it."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bridge.cli.context import JSON_OPTION, get_operator, open_command_context
from bridge.cli.printing import print_json
from bridge.cli.vault.document_view import (
    FILING_FAULTS,
    REASON_OPTION,
    REFERENCE_OPTION,
    SHOP_OPTION,
    parse_order_number,
    refuse_external_books,
    require_known_shop,
    require_reference,
    restart_waiting_requests,
)
from bridge.errors import PayloadInvalid
from bridge.model import DocumentForm, DocumentKind, InvoiceCopy
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.rules.retention.document_files import parse_issued_at
from bridge.steps.retention.file_document import file_document


@click.command()
@SHOP_OPTION
@click.option("--order-id", required=True, help="Shopify's number of the order.")
@REFERENCE_OPTION
@REASON_OPTION
@click.option(
    "--issued-at", "issued", default="", help="When the document was issued, if known. [default: now]"
)
@JSON_OPTION
def attest(shop: str, order_id: str, reference: str, reason: str, issued: str, as_json: bool) -> None:
    """Say that the merchant's own books have the document of an order. Its erasure then goes on."""
    number = parse_order_number(order_id)
    require_reference(reference)
    with open_command_context() as at:
        require_known_shop(at, shop)
        refuse_external_books(at)
        now = datetime.now(UTC)
        try:
            when = (
                parse_issued_at(issued, timezone=at.configuration.retention.timezone, now=now)
                if issued
                else now
            )
        except PayloadInvalid as fault:
            raise click.UsageError(f"--issued-at: {FILING_FAULTS[fault.reason]}") from None
        word = {"attested_by": get_operator(), "reference": reference, "on": now.date().isoformat()}
        paper = InvoiceCopy(
            kind=DocumentKind.INVOICE,
            form=DocumentForm.ATTESTED,
            order_id=number,
            source_id=number,
            issued_at=when,
            content=encode_canonical_json(word),
        )
        with at.store.transaction() as tx:
            document = file_document(
                shop, paper, actor=get_operator(), tx=tx, reference=reference, reason=reason
            )
        restart_waiting_requests(at, shop)
    if as_json:
        print_json(
            {"shop": shop, "document": document.id if document else None, "already_there": document is None}
        )
    else:
        click.echo(f"Kept as {document.id}." if document else "Already said today; nothing was changed.")
