"""`vault attest`: record that the merchant's own books hold the document of an order without a copy."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bridge.cli.context import open_command_context
from bridge.cli.options import JSON_OPTION, REASON_OPTION, SHOP_OPTION
from bridge.cli.printing import show
from bridge.cli.vault.vault_view import (
    FILING_FAULTS,
    REFERENCE_OPTION,
    parse_order_number,
    refuse_external_books,
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
@click.option("--issued-at", "issued", default="", help="When the document was issued, if known. [default: now]")
@JSON_OPTION
def attest(shop: str, order_id: str, reference: str, reason: str, issued: str, as_json: bool) -> None:
    """Record that the merchant's own books hold the document of an order. Its erasure then continues."""
    number = parse_order_number(order_id)
    require_reference(reference)
    with open_command_context() as context:
        context.require_known_shop(shop)
        refuse_external_books(context)
        now = datetime.now(UTC)
        try:
            issued_at = (
                parse_issued_at(issued, timezone=context.configuration.retention.timezone, now=now) if issued else now
            )
        except PayloadInvalid as fault:
            raise click.UsageError(f"--issued-at: {FILING_FAULTS[fault.reason]}") from None
        statement = {"attested_by": context.operator, "reference": reference, "on": now.date().isoformat()}
        copy = InvoiceCopy(
            kind=DocumentKind.INVOICE,
            form=DocumentForm.ATTESTED,
            order_id=number,
            source_id=number,
            issued_at=issued_at,
            content=encode_canonical_json(statement),
        )
        with context.store.transaction() as tx:
            document = file_document(shop, copy, actor=context.operator, tx=tx, reference=reference, reason=reason)
        restart_waiting_requests(context, shop)
    show(
        {"shop": shop, "document": document.id if document else None, "already_there": document is None},
        as_json,
        f"Filed as {document.id}." if document else "Attested today already; nothing was changed.",
    )
