"""Claims and kept documents as they are shown: ids, days and grounds, no person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from bridge.cli.context import refuse
from bridge.errors import PayloadInvalid
from bridge.model import Document, LegalClaim
from bridge.ports import OrderKey
from bridge.rules.retention.release import Kept
from bridge.steps.retention.legal_hold import Held

YEAR = timedelta(days=365)  # E-09: beyond it a second person agrees
NOT_DONE = {
    "request_unknown": "there is no such request; `dsr list` shows them",
    "names_no_person": "that request names no person; hold an order with `hold open`",
    "order_unreadable": "--order-id must be Shopify's number of the order",
    "claim_unknown": "there is no such claim; `hold list` shows them",
    "released_already": "it is released already",
    "needs_another_person": "who opened it cannot approve it: another account must",
    "disposal_needed": "it is a proceeding: say with --disposed-on when it was finally disposed of",
    "no_proceeding": "--disposed-on is for proceedings only, and this claim is none",
    "disposal_to_come": "--disposed-on must not be a day to come",
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
        "proceeding": claim.kind or None,
        "opened_by": claim.opened_by,
        "opened_at": claim.opened_at,
        "review_due_at": claim.review_due_at,
        "reviewed_by": claim.reviewed_by or None,
        "reviewed_at": claim.reviewed_at,
        "review_overdue": claim.released_at is None and claim.review_due_at < now,
        "approved_by": claim.approved_by or None,
        "approval_missing": needs_approval(claim, now),
        "released_at": claim.released_at,
        "disposed_at": claim.disposed_at,
    }


def needs_approval(claim: LegalClaim, now: datetime) -> bool:
    """True where a claim lives beyond a year and nobody else agreed to that."""
    return claim.released_at is None and not claim.approved_by and now - claim.opened_at > YEAR


def held_row(held: Held, *, now: datetime) -> dict[str, Any]:
    """A claim with what it holds."""
    told = {"orders": held.orders, "documents": held.documents, "entries": held.entries}
    return {**claim_row(held.claim, now=now), **told}


def grouped(walked: Iterable[tuple[OrderKey, Sequence[Document], Any, Kept]]) -> list[dict[str, Any]]:
    """Orders that have shop, grounds and days in common, the next to go first. `free`: they go today."""
    groups: dict[tuple[str, Kept], list[int]] = {}
    for (shop, _), documents, _, kept in walked:
        count = groups.setdefault((shop, kept), [0, 0])
        count[0] += 1
        count[1] += len(documents)
    rows = [
        {
            "shop": shop,
            "orders": orders,
            "documents": documents,
            "law": kept.citation,
            "last_day": day(kept.last_day),
            "erasable_from": day(kept.erasable_from),
            "day_of_law": day(kept.day_of_law),
            "grounds": list(kept.grounds),
            "needs": list(kept.needs),
            "free": kept.free,
        }
        for (shop, kept), (orders, documents) in groups.items()
    ]
    return sorted(rows, key=by_day("erasable_from"))


def worded(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: what is a list is read as one."""
    return {name: ", ".join(value) if isinstance(value, list) else value for name, value in row.items()}


def day(of: date | None) -> str | None:
    """A day as JSON has it."""
    return of.isoformat() if of else None


def by_day(name: str) -> Callable[[dict[str, Any]], str]:
    """Sort rows by a day; who has none comes last."""
    return lambda row: row[name] or "9999"
