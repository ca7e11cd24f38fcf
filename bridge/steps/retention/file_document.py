"""Take in: a paper of the shop's own, or the word that its books have one, goes into the vault and is read again.

Works inside the caller's transaction. Calls nobody.
"""

from __future__ import annotations

from bridge.model import Document, Fact, InvoiceCopy
from bridge.ports import Tx


def file_document(
    shop: str, invoice_copy: InvoiceCopy, *, actor: str, tx: Tx, **detail: str
) -> Document | None:
    """Seal one paper; `detail` goes into its fact. None where the same content stands already.

    Raises NeedsOperator where what was read back is not what was sealed.
    """
    document = tx.documents.seal_document(shop, invoice_copy)
    if document is None:
        return None
    request_id = tx.index.find_erasing_request(shop, invoice_copy.order_id)
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
