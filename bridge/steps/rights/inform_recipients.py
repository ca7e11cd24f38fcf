"""Opens instructions to the recipients of a person's data: to correct, to restrict, or that a restriction ended.

GDPR Art 19: each recipient is told. Works in the caller's transaction; the caller saves its own rows, then records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.model import NoticePurpose, Principal, PrivacyRequest
from bridge.services import Services
from bridge.steps.notices.open_notice_items import (
    NoticePlan,
    open_items_of_plan,
    plan_notice_items,
    record_opened_items,
)

if TYPE_CHECKING:
    from bridge.store import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class RecipientNotices:
    """The instructions that were opened; `counts` are the records of each processor."""

    request: PrivacyRequest
    plan: NoticePlan
    opened: Mapping[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """The records that each processor is told about, without those that are told nothing."""
        return {processor: count for processor, count in sorted(self.opened.items()) if count}

    def record(self, tx: Tx) -> None:
        """Record what was opened. Evidence is every worker's lock: call it last."""
        record_opened_items(self.request, self.plan, self.opened, tx=tx)


def inform_recipients(
    request: PrivacyRequest, principal: Principal, purpose: NoticePurpose, *, tx: Tx, services: Services
) -> RecipientNotices:
    """Open an item for each record of the person at each recipient."""
    parcels = tx.index.list_parcels(request.shop, principal)
    orders = tx.index.list_orders(request.shop, principal)
    plan = plan_notice_items(request, principal, parcels, orders, tx=tx, services=services)
    plan = replace(plan, purpose=purpose)
    opened = open_items_of_plan(request, plan, orders, tx=tx, services=services)
    return RecipientNotices(request=request, plan=plan, opened=opened)
