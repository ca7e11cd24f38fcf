"""File a document of the shop, or its attestation that its books have one, in the vault and read it back.

Works in the caller's transaction. Calls no other system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.model import Document, Fact, InvoiceCopy

if TYPE_CHECKING:
    from bridge.store import Tx


def file_document(shop: str, invoice_copy: InvoiceCopy, *, actor: str, tx: Tx, **detail: str) -> Document | None:
    """Seal one document and record it with `detail`. Return None if the same content is sealed already.

    Raises NeedsOperator if the content read back differs from what was sealed.
    """
    document = tx.documents.seal_document(shop, invoice_copy)
    if document is None:
        return None
    request_id = tx.erasures.find_erasing_request(shop, invoice_copy.order_id)
    if request_id:
        tx.documents.mark_documents_remaining(shop, [invoice_copy.order_id], request_id)
    tx.evidence.append_fact(
        Fact.DOCUMENT_SEALED,
        shop=shop,
        actor=actor,
        request_id=request_id,
        document=document.id,
        kind=document.kind,
        form=document.form,
        digest=document.digest,
        **detail,
    )
    return document
