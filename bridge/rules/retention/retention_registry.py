"""What the bridge stores of each category of the retention file, who destroys it, and up to which day it is over.

The one place that names every category. Pure: the day and the file are given, and ages come from the file alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.rules.requests.deadlines import shift_months
from bridge.rules.retention.holds import holds_on

if TYPE_CHECKING:
    from config.retention_file.retention import Category, Retention

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """`what` is where it rests, `by` the step that destroys it.

    `events` are the events of the file that happen at the moment from which `steps/age` counts.
    """

    what: str
    by: str
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotStored:
    """The bridge keeps nothing of this category of its own, and why."""

    why: str


AT_THE_SHOP = (
    "gathered for an access package only, and destroyed with it; the rest is in the shop's own systems"
)
REGISTRY: Mapping[str, Stored | NotStored] = {
    "customer_profile": NotStored(AT_THE_SHOP),
    "contact": NotStored("keyed hashes in the index: category parcel_index; in the clear nowhere"),
    "address": NotStored(AT_THE_SHOP),
    "order_lines": NotStored("in the sealed documents: category invoice_document"),
    "order_free_text": NotStored(AT_THE_SHOP),
    "invoice_document": Stored(what="vault_documents", by="release"),
    "payment_reference": NotStored("in the sealed documents, and beside a refund: category cod_refund_bank"),
    "cod_refund_bank": Stored(what="refund_accounts", by="refund"),
    "shipment": NotStored("waybills in the index and in instructions: parcel_index, instruction_text"),
    "cod_risk": NotStored(AT_THE_SHOP),
    "marketing_consent": NotStored(AT_THE_SHOP),
    "suppression": Stored(what="suppressions", by="age", events=("created_at", "last_processing_at")),
    "usage_cookies": NotStored(AT_THE_SHOP),
    "support": NotStored("no ticket is kept here"),
    "identity_proof": NotStored("who decided is in the evidence; no document is taken in"),
    "webhook_payload": Stored(what="deliveries.body", by="purge"),
    "request_evidence": Stored(
        what="requests, tasks, certificates, plans, notices, reviews, claims that are over",
        by="age",
        events=("case_closed_at", "last_processing_at"),
    ),
    "access_package": Stored(what="packages, findings", by="purge"),
    "security_log": Stored(
        what="deliveries without their body; logs themselves go to the host",
        by="age",
        events=("log_written_at", "last_processing_at"),
    ),
    "backup": NotStored("the host makes and rotates them"),
    "parcel_index": Stored(
        what="orders, parcels, customers, merges", by="age", events=("last_processing_at",)
    ),
    "instruction_text": Stored(what="notice_entries.doc", by="age", events=("last_processing_at",)),
}


def aged_until(category: Category, stored: Stored, *, today: date, retention: Retention) -> date | None:
    """The last day on which the events may lie of a record that is over today; None where none is.

    Over is what reached the category's greatest age and is held by none of its holds. A category without an age
    is over when its holds are; without both the file does not say, and nothing ages.
    """
    age = category.max_age
    if not age and not category.holds:
        return None
    names = {*stored.events, *((str(age["event"]),) if age else ())}
    try:
        day = shift_months(today, -int(age.get("months", 0))) - timedelta(days=int(age.get("days", 0)) + 1)
        while holds := holds_on(
            category,
            events=dict.fromkeys(names, datetime.combine(day, time.min, ZoneInfo(retention.timezone))),
            today=today,
            retention=retention,
        ):
            if any(hold.erasable_from is None or hold.release_needs for hold in holds):
                return None
            longest = max(hold.erasable_from for hold in holds if hold.erasable_from)
            day -= max(longest - today, _ONE_DAY)
    except (OverflowError, ValueError):  # an age that reaches back before the calendar
        return None
    return day


def end_of(day: date, retention: Retention) -> datetime:
    """The moment after which the next day begins where the merchant keeps its books."""
    return datetime.combine(day + _ONE_DAY, time.min, ZoneInfo(retention.timezone)).astimezone(UTC)
