"""Sealed documents, and services under a retention file that somebody decided: for the tests of what is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from bridge.model import DocumentForm, DocumentKind, InvoiceCopy, LegalHold
from bridge.ports import Services
from tests.factories import NOW, SHOP


def decided(
    services: Services, sha256: str = "a" * 64, form: str = "proprietorship", **given: Any
) -> Services:
    """Services under a file that was reviewed and knows the legal form; `given` changes the file."""
    file = services.retention
    told = {"reviewed_on": date(2026, 12, 1), "sha256": sha256, **given}
    return replace(
        services, retention=replace(file, merchant={**file.merchant, "legal_entity_type": form}, **told)
    )


def seal(
    services: Services, order: int = 1001, issued_at: datetime = NOW, *, shop: str = SHOP, **given: Any
) -> str:
    """Seal an order's invoice, or what is `given`; gives its id."""
    told: dict[str, Any] = {
        "kind": DocumentKind.INVOICE,
        "form": DocumentForm.MINIMUM,
        "order_id": str(order),
        "source_id": str(order),
        "content": b'{"state": "27", "name": "Asha Qwertzuiop"}',
    }
    with services.store.transaction() as tx:
        document = tx.documents.seal_document(shop, InvoiceCopy(**(told | {"issued_at": issued_at} | given)))
    assert document is not None
    return document.id


def make_claim(**given: Any) -> LegalHold:
    """Make a claim that was opened just now."""
    told: dict[str, Any] = {
        "id": "clm_1",
        "shop": SHOP,
        "request_id": "",
        "subject": "",
        "order_key": "",
        "reference": "CC-1",
        "opened_by": "operator:a",
        "opened_at": NOW,
        "review_due_at": NOW + timedelta(days=90),
    }
    return LegalHold(**(told | given))


def documents(services: Services) -> dict[str, Any]:
    """All that is sealed, by id."""
    with services.store.transaction() as tx:
        return {document.id: document for document in tx.documents.list_documents()}


def facts(services: Services, *wanted: str) -> list[tuple[str, Any]]:
    """The facts of these kinds, oldest first; the chain is whole."""
    with services.store.transaction() as tx:
        tx.evidence.verify_chain()
        return [(event.fact, event.detail) for event in tx.evidence.iterate_facts() if event.fact in wanted]
