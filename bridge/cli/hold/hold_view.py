"""Claims and kept documents as they are shown: ids, days and grounds, no person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from bridge.cli.context import exit_with_error
from bridge.errors import PayloadInvalid
from bridge.model import Document, LegalHold
from bridge.ports import ShopOrderKey
from bridge.rules.retention.release import DocumentRetention
from bridge.steps.retention.legal_hold import LegalHoldResult

APPROVAL_NEEDED_AFTER = timedelta(days=365)  # E-09: beyond it a second person agrees
HOLD_FAULTS = {
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
def exit_on_invalid_hold() -> Iterator[None]:
    """Say in words why something was not done, and end with 1."""
    try:
        yield
    except PayloadInvalid as fault:
        exit_with_error(f"Not done: {HOLD_FAULTS.get(fault.reason, fault.reason)}.")


def legal_hold_row(legal_hold: LegalHold, *, now: datetime, orders: int | None = None) -> dict[str, Any]:
    """A claim as shown."""
    return {
        "id": legal_hold.id,
        "shop": legal_hold.shop,
        "request_id": legal_hold.request_id or None,
        **({} if orders is None else {"orders": orders}),
        "reference": legal_hold.reference,
        "proceeding": legal_hold.kind or None,
        "opened_by": legal_hold.opened_by,
        "opened_at": legal_hold.opened_at,
        "review_due_at": legal_hold.review_due_at,
        "reviewed_by": legal_hold.reviewed_by or None,
        "reviewed_at": legal_hold.reviewed_at,
        "review_overdue": legal_hold.released_at is None and legal_hold.review_due_at < now,
        "approved_by": legal_hold.approved_by or None,
        "approval_missing": needs_approval(legal_hold, now),
        "released_at": legal_hold.released_at,
        "disposed_at": legal_hold.disposed_at,
    }


def needs_approval(legal_hold: LegalHold, now: datetime) -> bool:
    """True where a claim lives beyond a year and nobody else agreed to that."""
    return (
        legal_hold.released_at is None
        and not legal_hold.approved_by
        and now - legal_hold.opened_at > APPROVAL_NEEDED_AFTER
    )


def opened_hold_row(result: LegalHoldResult, *, now: datetime) -> dict[str, Any]:
    """A claim with what it holds."""
    told = {"orders": result.orders, "documents": result.documents, "entries": result.items}
    return {**legal_hold_row(result.legal_hold, now=now), **told}


def group_documents(
    kept_orders: Iterable[tuple[ShopOrderKey, Sequence[Document], Any, DocumentRetention]],
) -> list[dict[str, Any]]:
    """Orders that have shop, grounds and days in common, the next to go first. `free`: they go today."""
    groups: dict[tuple[str, DocumentRetention], list[int]] = {}
    for (shop, _), documents, _, kept in kept_orders:
        count = groups.setdefault((shop, kept), [0, 0])
        count[0] += 1
        count[1] += len(documents)
    rows = [
        {
            "shop": shop,
            "orders": orders,
            "documents": documents,
            "law": kept.citation,
            "last_day": format_day(kept.last_day),
            "erasable_from": format_day(kept.erasable_from),
            "day_of_law": format_day(kept.legal_end_day),
            "grounds": list(kept.grounds),
            "needs": list(kept.release_needs),
            "free": kept.is_erasable,
        }
        for (shop, kept), (orders, documents) in groups.items()
    ]
    return sorted(rows, key=make_day_sort_key("erasable_from"))


def join_list_values(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: what is a list is read as one."""
    return {name: ", ".join(value) if isinstance(value, list) else value for name, value in row.items()}


def format_day(value: date | None) -> str | None:
    """A day as JSON has it."""
    return value.isoformat() if value else None


def make_day_sort_key(name: str) -> Callable[[dict[str, Any]], str]:
    """Sort rows by a day; who has none comes last."""
    return lambda row: row[name] or "9999"
