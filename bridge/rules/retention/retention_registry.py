"""Name what the bridge stores of each category, what destroys it, and compute when it is over.

The one file that names every category. Pure: the day and the file are given, and ages come from the file alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from bridge.rules.requests.deadlines import add_months_to_date
from bridge.rules.retention.holds import find_retention_holds
from bridge.rules.retention.statutory_last_days import compute_day_start

if TYPE_CHECKING:
    from config.retention_file.retention import Category, Retention

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredCategory:
    """A category of which the bridge stores data: `location` is where, `deleted_by` the step that destroys it.

    `events` are the events of the retention file that happen at the moment from which the age counts.
    """

    location: str
    deleted_by: str
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnstoredCategory:
    """A category of which the bridge stores nothing itself, and why."""

    reason: str


STORED_AT_SHOP = "gathered for an access package only, and destroyed with it; the rest is in the shop's own systems"
CATEGORY_REGISTRY: Mapping[str, StoredCategory | UnstoredCategory] = {
    "customer_profile": UnstoredCategory(STORED_AT_SHOP),
    "greetings": UnstoredCategory(STORED_AT_SHOP),
    "contact": UnstoredCategory("keyed hashes in the index: category parcel_index; in the clear nowhere"),
    "address": UnstoredCategory(STORED_AT_SHOP),
    "order_lines": UnstoredCategory("in the sealed documents: category invoice_document"),
    "order_free_text": UnstoredCategory(STORED_AT_SHOP),
    "invoice_document": StoredCategory(location="vault_documents", deleted_by="release"),
    "payment_reference": UnstoredCategory("in the sealed documents, and beside a refund: category cod_refund_bank"),
    "cod_refund_bank": StoredCategory(location="refund_accounts", deleted_by="refund"),
    "shipment": UnstoredCategory("waybills in the index and in instructions: parcel_index, instruction_text"),
    "cod_risk": UnstoredCategory(STORED_AT_SHOP),
    "marketing_consent": UnstoredCategory("after an erasure sealed with its task, and with it: request_evidence"),
    "suppression": StoredCategory(
        location="suppressions, marketing_stops", deleted_by="age", events=("created_at", "last_processing_at")
    ),
    "usage_cookies": UnstoredCategory(STORED_AT_SHOP),
    "support": UnstoredCategory("the bridge stores no ticket"),
    "identity_proof": StoredCategory(
        location="identity_checks.doc; the result is in the evidence, and no document is accepted",
        deleted_by="age",
        events=("identity_decided_at",),
    ),
    "webhook_payload": StoredCategory(location="deliveries.body", deleted_by="purge"),
    "request_evidence": StoredCategory(
        location="requests, tasks, certificates, plans, notices, reviews, claims that are over, disclosures",
        deleted_by="age",
        events=("case_closed_at", "last_processing_at"),
    ),
    "access_package": StoredCategory(location="packages, findings", deleted_by="purge"),
    "security_log": StoredCategory(
        location="deliveries without their body; logs themselves go to the host",
        deleted_by="age",
        events=("log_written_at", "last_processing_at"),
    ),
    "backup": UnstoredCategory("the host makes and rotates them"),
    "parcel_index": StoredCategory(
        location="orders, parcels, customers, merges", deleted_by="age", events=("last_processing_at",)
    ),
    "instruction_text": StoredCategory(location="notice_entries.doc", deleted_by="age", events=("last_processing_at",)),
}


def compute_expiry_cutoff(
    category: Category, stored_category: StoredCategory, *, today: date, retention: Retention
) -> date | None:
    """Return the last day on which the events of a record that is over today may lie; None where none is over.

    Over is what reached the category's greatest age and is held by none of its holds. A category without an age
    is over when its holds are; without both the file does not say, and nothing expires.
    """
    age = category.max_age
    if not age and not category.holds:
        return None
    names = {*stored_category.events, *((str(age["event"]),) if age else ())}
    try:
        day = add_months_to_date(today, -int(age.get("months", 0))) - timedelta(days=int(age.get("days", 0)) + 1)
        while holds := find_retention_holds(
            category, events=dict.fromkeys(names, compute_day_start(day, retention)), today=today, retention=retention
        ):
            if any(hold.erasable_from is None or hold.release_needs for hold in holds):
                return None
            longest = max(hold.erasable_from for hold in holds if hold.erasable_from)
            day -= max(longest - today, _ONE_DAY)
    except (OverflowError, ValueError):  # the age reaches back before the year 1
        return None
    return day


def compute_day_end(day: date, retention: Retention) -> datetime:
    """Return the moment at which the next day begins where the merchant keeps its books."""
    return compute_day_start(day + _ONE_DAY, retention)
