"""Sealed documents and services with a reviewed retention file, for the tests of retention."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from bridge.model import DocumentForm, DocumentKind, InvoiceCopy, LegalHold
from bridge.services import Services
from tests.factories import NOW, SHOP


def decided(services: Services, sha256: str = "a" * 64, form: str = "proprietorship", **given: Any) -> Services:
    """Return services with a reviewed file that has the legal form; `given` changes the file."""
    file = services.retention
    values = {"reviewed_on": date(2026, 12, 1), "sha256": sha256, **given}
    return replace(services, retention=replace(file, merchant={**file.merchant, "legal_entity_type": form}, **values))


def seal(services: Services, order: int = 1001, issued_at: datetime = NOW, *, shop: str = SHOP, **given: Any) -> str:
    """Seal an order's invoice, changed by `given`; return its id."""
    values: dict[str, Any] = {
        "kind": DocumentKind.INVOICE,
        "form": DocumentForm.MINIMUM,
        "order_id": str(order),
        "source_id": str(order),
        "content": b'{"state": "27", "name": "Asha Qwertzuiop"}',
    }
    with services.store.transaction() as tx:
        document = tx.documents.seal_document(shop, InvoiceCopy(**(values | {"issued_at": issued_at} | given)))
    assert document is not None
    return document.id


def make_legal_hold(**given: Any) -> LegalHold:
    """Build a legal hold that was opened now."""
    values: dict[str, Any] = {
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
    return LegalHold(**(values | given))


def documents(services: Services) -> dict[str, Any]:
    """Return all sealed documents by id."""
    with services.store.transaction() as tx:
        return {document.id: document for document in tx.documents.list_documents()}


def facts(services: Services, *wanted: str) -> list[tuple[str, Any]]:
    """Return the facts of these kinds, oldest first, after checking the chain."""
    with services.store.transaction() as tx:
        tx.evidence.verify_chain()
        return [(event.fact, event.detail) for event in tx.evidence.iterate_facts() if event.fact in wanted]
