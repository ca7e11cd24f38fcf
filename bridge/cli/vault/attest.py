"""`vault attest`: record that the merchant's own books hold the document of an order without a copy."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bridge.cli.command import json_command
from bridge.cli.context import open_command_context
from bridge.cli.options import REASON_OPTION, SHOP_OPTION
from bridge.cli.printing import show
from bridge.cli.shared.dates import When, when_option
from bridge.cli.vault import vault_view as view
from bridge.errors import PayloadInvalid
from bridge.model import DocumentForm, DocumentKind, InvoiceCopy
from bridge.rules.evidence.chain import encode_canonical_json
from bridge.rules.retention.document_files import parse_issued_at
from bridge.steps.retention.file_document import file_document


@json_command(
    example="vault attest --shop minimiss-demo.myshopify.com --order-id 5123456789 --reference A-17 --reason 'books of 2026' --yes",
    irreversible="The bridge seals no copy of this order, and its erasure goes on.",
)
@SHOP_OPTION
@click.option("--order-id", required=True, help="Shopify's number of the order.")
@view.REFERENCE_OPTION
@REASON_OPTION
@when_option("--issued-at", "issued", meaning="When the document was issued, if known. [default: now]")
def attest(shop: str, order_id: str, reference: str, reason: str, issued: When | None) -> None:
    """Record that the merchant's own books hold the document of an order. Its erasure then continues."""
    number = view.parse_order_number(order_id)
    view.require_reference(reference)
    with open_command_context() as context:
        context.require_known_shop(shop)
        key = context.resolve_shop(shop)
        view.refuse_external_books(context)
        now = datetime.now(UTC)
        timezone = context.configuration.retention.timezone
        try:
            text = issued.resolve(context.merchant_zone).isoformat() if issued else now.isoformat()
            issued_at = parse_issued_at(text, timezone=timezone, now=now)
        except PayloadInvalid as fault:
            raise click.UsageError(f"--issued-at: {view.FILING_FAULTS[fault.reason]}") from None
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
            document = file_document(key, copy, actor=context.operator, tx=tx, reference=reference, reason=reason)
        view.restart_waiting_requests(context, key)
    message = f"Filed as {document.id}." if document else "Attested today already; nothing was changed."
    show({"shop": shop, "document": document.id if document else None, "already_there": document is None}, message)
