"""How legal holds and kept documents are shown: ids, days and grounds, never a data subject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from bridge.cli.printing import show
from bridge.cli.shared.dates import format_time
from bridge.model import Document, LegalHold, ShopOrderKey
from bridge.rules.retention.release import DocumentRetention
from bridge.steps.retention.legal_hold import LegalHoldResult

OrderRetention = tuple[ShopOrderKey, Sequence[Document], Any, DocumentRetention]
APPROVAL_NEEDED_AFTER = timedelta(days=365)  # E-09: a second person must approve a longer one


def legal_hold_row(legal_hold: LegalHold, *, now: datetime, orders: int | None = None) -> dict[str, Any]:
    """Return a legal hold as it is shown."""
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
    """Return whether a legal hold is older than a year and no second person approved it."""
    is_unapproved = legal_hold.released_at is None and not legal_hold.approved_by
    return is_unapproved and now - legal_hold.opened_at > APPROVAL_NEEDED_AFTER


def show_legal_hold(legal_hold: LegalHold, message: str) -> None:
    """Print a legal hold that was changed; `message` says how."""
    now = legal_hold.reviewed_at or legal_hold.opened_at
    show(legal_hold_row(legal_hold, now=now), f"{legal_hold.id} {message}.")


def show_opened_hold(result: LegalHoldResult) -> None:
    """Print a legal hold that was opened, or that was open already, and what it keeps."""
    legal_hold = result.legal_hold
    shown = {
        **legal_hold_row(legal_hold, now=legal_hold.opened_at),
        "orders": result.orders,
        "documents": result.documents,
        "entries": result.items,
        "new": result.is_new,
    }
    text = f"{legal_hold.id} keeps this already; nothing was changed."
    if result.is_new:
        kept = f"{result.orders} orders with {result.documents} documents, and {result.items} notice items"
        text = f"{legal_hold.id} keeps {kept}. Its review is due by {format_time(legal_hold.review_due_at)}."
    show(shown, text)


def show_released_hold(result: LegalHoldResult) -> None:
    """Print a legal hold that was released."""
    hold_id, documents, items = result.legal_hold.id, result.documents, result.items
    message = f"{hold_id} is released: it no longer keeps {documents} documents and {items} notice items."
    show({"id": hold_id, "released": True, "documents": documents, "entries": items}, message)


def group_documents(kept_orders: Iterable[OrderRetention]) -> list[dict[str, Any]]:
    """Return orders grouped by shop, grounds and days, the earliest day first.

    `free` says that the documents can be destroyed today.
    """
    groups: dict[tuple[str, DocumentRetention], list[int]] = {}
    for (shop, _), documents, _, retention in kept_orders:
        count = groups.setdefault((shop, retention), [0, 0])
        count[0] += 1
        count[1] += len(documents)
    rows = [
        {
            "shop": shop,
            "orders": orders,
            "documents": documents,
            "law": retention.citation,
            "last_day": format_day(retention.last_day),
            "erasable_from": format_day(retention.erasable_from),
            "day_of_law": format_day(retention.legal_end_day),
            "grounds": list(retention.grounds),
            "needs": list(retention.release_needs),
            "free": retention.is_erasable,
        }
        for (shop, retention), (orders, documents) in groups.items()
    ]
    return sorted(rows, key=make_day_sort_key("erasable_from"))


def join_list_values(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row for a table: a list becomes one text."""
    return {name: ", ".join(value) if isinstance(value, list) else value for name, value in row.items()}


def format_day(value: date | None) -> str | None:
    """Return a day as JSON spells it."""
    return value.isoformat() if value else None


def make_day_sort_key(name: str) -> Callable[[dict[str, Any]], str]:
    """Return a sort key: rows by a day, rows without one last."""
    return lambda row: row[name] or "9999"
