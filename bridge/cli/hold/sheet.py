"""Claims and kept documents as they are shown: ids, days and grounds, no person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from bridge.cli.desk import refuse
from bridge.errors import PayloadInvalid
from bridge.model import Document, LegalClaim
from bridge.rules.release import Kept
from bridge.steps.claim import Held

YEAR = timedelta(days=365)  # E-09: beyond it a second person agrees
NOT_DONE = {
    "request_unknown": "there is no such request; `dsr list` shows them",
    "names_no_person": "that request names no person; hold an order with `hold open`",
    "order_unreadable": "--order-id must be Shopify's number of the order",
    "claim_unknown": "there is no such claim; `hold list` shows them",
    "released_already": "it is released already",
    "needs_another_person": "who opened it cannot approve it: another account must",
    "already_accepted": "the loaded retention file is in force",
}


@contextmanager
def telling() -> Iterator[None]:
    """Say in words why something was not done, and end with 1."""
    try:
        yield
    except PayloadInvalid as fault:
        refuse(f"Not done: {NOT_DONE.get(fault.reason, fault.reason)}.")


def claim_row(claim: LegalClaim, *, now: datetime, orders: int | None = None) -> dict[str, Any]:
    """A claim as shown."""
    return {
        "id": claim.id,
        "shop": claim.shop,
        "request_id": claim.request_id or None,
        **({} if orders is None else {"orders": orders}),
        "reference": claim.reference,
        "opened_by": claim.opened_by,
        "opened_at": claim.opened_at,
        "review_due_at": claim.review_due_at,
        "reviewed_by": claim.reviewed_by or None,
        "reviewed_at": claim.reviewed_at,
        "review_overdue": claim.released_at is None and claim.review_due_at < now,
        "approved_by": claim.approved_by or None,
        "approval_missing": needs_approval(claim, now),
        "released_at": claim.released_at,
    }


def needs_approval(claim: LegalClaim, now: datetime) -> bool:
    """True where a claim lives beyond a year and nobody else agreed to that."""
    return claim.released_at is None and not claim.approved_by and now - claim.opened_at > YEAR


def held_row(held: Held, *, now: datetime) -> dict[str, Any]:
    """A claim with what it holds."""
    told = {"orders": held.orders, "documents": held.documents, "entries": held.entries}
    return {**claim_row(held.claim, now=now), **told}


def kept_row(shop: str, documents: Sequence[Document], kept: Kept) -> dict[str, Any]:
    """An order's documents as shown, without which order it is."""
    return {
        "shop": shop,
        "documents": [document.id for document in documents],
        "request_id": next((each.request_id for each in documents if each.request_id), None),
        "grounds": list(kept.grounds),
        "last_day": day(kept.last_day),
        "erasable_from": day(kept.erasable_from),
    }


def day(of: date | None) -> str | None:
    """A day as JSON has it."""
    return of.isoformat() if of else None


def by_day(name: str) -> Callable[[dict[str, Any]], str]:
    """Sort rows by a day; who has none comes last."""
    return lambda row: row[name] or "9999"
